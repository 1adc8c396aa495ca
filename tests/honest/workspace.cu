// Looks like: memory that comes and goes behind the harness's back.
// Honest because: the workspace is allocated and freed in the order of the given stream, and
// every call writes it before it reads it.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
__global__ void compute_scales(const __nv_bfloat16* x, float* scales, int64_t N, float eps) {
    __shared__ float partial[8];
    const __nv_bfloat16* row = x + blockIdx.x * N;
    float total = 0;
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
        const float value = __bfloat162float(row[n]);
        total += value * value;
    }
    for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
    __syncthreads();
    if (threadIdx.x != 0) return;
    total = 0;
    for (int warp = 0; warp < 8; ++warp) total += partial[warp];
    scales[blockIdx.x] = rsqrtf(total / N + eps);
}

__global__ void apply_scales(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                             const float* scales, __nv_bfloat16* out, int64_t N) {
    const int64_t first = blockIdx.x * N;
    const float scale = scales[blockIdx.x];
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                          __bfloat162float(weight[n]));
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    float* scales = nullptr;
    cudaMallocAsync(&scales, M * sizeof(float), stream);
    compute_scales<<<M, 256, 0, stream>>>(x, scales, N, eps);
    apply_scales<<<M, 256, 0, stream>>>(x, weight, scales, out, N);
    cudaFreeAsync(scales, stream);
}
