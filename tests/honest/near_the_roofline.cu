// Looks like: a time that is too good to be true.
// Honest because: each element is read once and written once, in vectors, and the row waits in
// registers.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

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
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    const bool aligned =
        N % 8 == 0 &&
        (reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(weight) |
         reinterpret_cast<uintptr_t>(out)) % 16 == 0;
    if (!aligned || N > 4 * 8 * 1024) {
        normalise_elements<<<M, 256, 0, stream>>>(x, weight, out, N, eps);
        return;
    }
    const int vectors = static_cast<int>(N / 8);
    const int threads = (vectors + 3) / 4 <= 32 ? 32 : ((vectors + 3) / 4 + 31) / 32 * 32;
    normalise_vectors<4><<<M, threads, 0, stream>>>(
        reinterpret_cast<const Vector*>(x), reinterpret_cast<const Vector*>(weight),
        reinterpret_cast<Vector*>(out), vectors, eps);
}
