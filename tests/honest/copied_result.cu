// Looks like: the output comes from elsewhere, since no kernel of its own writes to it.
// Honest because: the kernel writes to a workspace, and one copy on the given stream takes that to
// the output.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
__global__ void normalise(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                          int64_t N, float eps) {
    __shared__ float partial[32];
    const int64_t first = blockIdx.x * N;
    float total = 0;
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
        const float value = __bfloat162float(x[first + n]);
        total += value * value;
    }
    for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
    __syncthreads();
    total = 0;
    for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) total += partial[warp];
    const float scale = rsqrtf(total / N + eps);
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                          __bfloat162float(weight[n]));
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    const size_t bytes = M * N * sizeof(__nv_bfloat16);
    void* workspace = nullptr;
    cudaMallocAsync(&workspace, bytes, stream);
    auto* result = static_cast<__nv_bfloat16*>(workspace);
    normalise<<<M, 512, 0, stream>>>(x, weight, result, N, eps);
    cudaMemcpyAsync(out, result, bytes, cudaMemcpyDeviceToDevice, stream);
    cudaFreeAsync(workspace, stream);
}
