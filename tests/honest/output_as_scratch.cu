// Looks like: an output that is written twice, first with something else.
// Honest because: each row of the output holds its scale, in two pieces, from the first kernel
// to the second.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
__device__ float scale_of(const __nv_bfloat16* row, int64_t N, float eps) {
    __shared__ float partial[8];
    float total = 0;
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
        const float value = __bfloat162float(row[n]);
        total += value * value;
    }
    for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
    __syncthreads();
    total = 0;
    for (int warp = 0; warp < 8; ++warp) total += partial[warp];
    return rsqrtf(total / N + eps);
}

// A float takes the place of two elements; rows of one have no room for it.
__global__ void leave_scales(const __nv_bfloat16* x, __nv_bfloat16* out, int64_t N, float eps) {
    const float scale = scale_of(x + blockIdx.x * N, N, eps);
    if (threadIdx.x > 1 || N < 2) return;
    const unsigned piece = __float_as_uint(scale) >> (16 * threadIdx.x) & 0xFFFFu;
    out[blockIdx.x * N + threadIdx.x] = __ushort_as_bfloat16(static_cast<unsigned short>(piece));
}

__global__ void apply_scales(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                             __nv_bfloat16* out, int64_t N, float eps) {
    const int64_t first = blockIdx.x * N;
    float scale;
    if (N < 2) {
        scale = scale_of(x + first, N, eps);
    } else {
        const unsigned low = __bfloat16_as_ushort(out[first]);
        const unsigned high = __bfloat16_as_ushort(out[first + 1]);
        scale = __uint_as_float(high << 16 | low);
    }
    __syncthreads();
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                          __bfloat162float(weight[n]));
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    leave_scales<<<M, 256, 0, stream>>>(x, out, N, eps);
    apply_scales<<<M, 256, 0, stream>>>(x, weight, out, N, eps);
}
