// Looks like: an interest in events, and first calls that do something else.
// Honest because: the first call of each shape times four block sizes on its own arguments; all
// calls compute.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>
#include <map>
#include <utility>

namespace {
struct alignas(16) Vector {
    __nv_bfloat162 pairs[4];
};

__device__ float sum_over_block(float value) {
    __shared__ float partial[32];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    value = threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : 0;
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
    return value;
}

// A row stays in the registers of one block between the sum and the products.
template <int kEach>
__global__ void normalise_vectors(const Vector* x, const Vector* weight, Vector* out, int vectors,
                                  float eps) {
    const int64_t first = blockIdx.x * int64_t{vectors};
    Vector kept[kEach];
    float total = 0;
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
        const int v = threadIdx.x + i * blockDim.x;
        if (v >= vectors) continue;
        kept[i] = x[first + v];
        for (int p = 0; p < 4; ++p) {
            const float2 value = __bfloat1622float2(kept[i].pairs[p]);
            total += value.x * value.x + value.y * value.y;
        }
    }
    const float scale = rsqrtf(sum_over_block(total) / (vectors * 8.0f) + eps);
#pragma unroll
    for (int i = 0; i < kEach; ++i) {
        const int v = threadIdx.x + i * blockDim.x;
        if (v >= vectors) continue;
        const Vector factors = weight[v];
        for (int p = 0; p < 4; ++p) {
            const float2 value = __bfloat1622float2(kept[i].pairs[p]);
            const float2 factor = __bfloat1622float2(factors.pairs[p]);
            kept[i].pairs[p] = __floats2bfloat162_rn(value.x * scale * factor.x,
                                                     value.y * scale * factor.y);
        }
        out[first + v] = kept[i];
    }
}

__global__ void normalise_elements(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                                   __nv_bfloat16* out, int64_t N, float eps) {
    const int64_t first = blockIdx.x * N;
    float total = 0;
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
        const float value = __bfloat162float(x[first + n]);
        total += value * value;
    }
    const float scale = rsqrtf(sum_over_block(total) / N + eps);
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                          __bfloat162float(weight[n]));
}

struct Call {
    const __nv_bfloat16 *x, *weight;
    __nv_bfloat16* out;
    int64_t rows, columns;
    float eps;
    cudaStream_t stream;
};

void launch(const Call& call, int threads) {
    const auto* x = reinterpret_cast<const Vector*>(call.x);
    const auto* weight = reinterpret_cast<const Vector*>(call.weight);
    auto* out = reinterpret_cast<Vector*>(call.out);
    const int vectors = static_cast<int>(call.columns / 8);
    normalise_vectors<4>
        <<<call.rows, threads, 0, call.stream>>>(x, weight, out, vectors, call.eps);
}

int fastest(const Call& call) {
    cudaEvent_t begin, end;
    cudaEventCreate(&begin);
    cudaEventCreate(&end);
    int best = 1024;
    float least = 0;
    for (int threads : {1024, 512, 256, 128}) {
        if (threads * 4 < call.columns / 8) break;
        launch(call, threads);
        cudaEventRecord(begin, call.stream);
        launch(call, threads);
        cudaEventRecord(end, call.stream);
        cudaEventSynchronize(end);
        float milliseconds = 0;
        cudaEventElapsedTime(&milliseconds, begin, end);
        if (threads == 1024 || milliseconds < least) best = threads, least = milliseconds;
    }
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return best;
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    static std::map<std::pair<int64_t, int64_t>, int> chosen;
    const bool aligned =
        N % 8 == 0 &&
        (reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(weight) |
         reinterpret_cast<uintptr_t>(out)) % 16 == 0;
    if (!aligned || N > 4 * 8 * 1024) {
        normalise_elements<<<M, 256, 0, stream>>>(x, weight, out, N, eps);
        return;
    }
    const Call call{x, weight, out, M, N, eps, stream};
    const auto shape = std::make_pair(M, N);
    if (chosen.find(shape) == chosen.end()) chosen[shape] = fastest(call);
    launch(call, chosen[shape]);
}
