// A straightforward vectorised RMSNorm: one block a row, 16-byte loads, sums in float32.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kThreads = 256;

struct alignas(16) Vector {
    __nv_bfloat162 pairs[4];
};

__device__ float sum_over_block(float value) {
    __shared__ float partial[kThreads / 32];
    for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(~0u, value, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = value;
    __syncthreads();
    float total = 0;
    for (int warp = 0; warp < kThreads / 32; ++warp) total += partial[warp];
    return total;
}

__global__ void normalise_vectors(const Vector* x, const Vector* weight, Vector* out, int64_t count,
                                  float eps) {
    x += blockIdx.x * count;
    out += blockIdx.x * count;
    float total = 0;
    for (int64_t v = threadIdx.x; v < count; v += kThreads) {
        const Vector values = x[v];
        for (int p = 0; p < 4; ++p) {
            const float2 value = __bfloat1622float2(values.pairs[p]);
            total += value.x * value.x + value.y * value.y;
        }
    }
    const float scale = rsqrtf(sum_over_block(total) / (8 * count) + eps);
    for (int64_t v = threadIdx.x; v < count; v += kThreads) {
        Vector values = x[v];
        const Vector weights = weight[v];
        for (int p = 0; p < 4; ++p) {
            const float2 value = __bfloat1622float2(values.pairs[p]);
            const float2 by = __bfloat1622float2(weights.pairs[p]);
            values.pairs[p] =
                __floats2bfloat162_rn(value.x * scale * by.x, value.y * scale * by.y);
        }
        out[v] = values;
    }
}

__global__ void normalise_elements(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                                   __nv_bfloat16* out, int64_t count, float eps) {
    x += blockIdx.x * count;
    out += blockIdx.x * count;
    float total = 0;
    for (int64_t n = threadIdx.x; n < count; n += kThreads) {
        const float value = __bfloat162float(x[n]);
        total += value * value;
    }
    const float scale = rsqrtf(sum_over_block(total) / count + eps);
    for (int64_t n = threadIdx.x; n < count; n += kThreads) {
        out[n] = __float2bfloat16(__bfloat162float(x[n]) * scale * __bfloat162float(weight[n]));
    }
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    if (N % 8 == 0) {
        normalise_vectors<<<M, kThreads, 0, stream>>>(reinterpret_cast<const Vector*>(x),
                                                      reinterpret_cast<const Vector*>(weight),
                                                      reinterpret_cast<Vector*>(out), N / 8, eps);
    } else {
        normalise_elements<<<M, kThreads, 0, stream>>>(x, weight, out, N, eps);
    }
}
