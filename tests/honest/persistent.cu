// Looks like: a kernel that stays on the device and takes work from a counter.
// Honest because: the counter is reset in the order of the stream, and the kernel ends when the
// rows do.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
__device__ unsigned long long next_row;

__global__ void normalise_rows(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                               __nv_bfloat16* out, int64_t M, int64_t N, float eps) {
    __shared__ float partial[8];
    __shared__ int64_t taken;
    for (;;) {
        __syncthreads();
        if (threadIdx.x == 0) taken = static_cast<int64_t>(atomicAdd(&next_row, 1ull));
        __syncthreads();
        if (taken >= M) return;
        const int64_t first = taken * N;
        float total = 0;
        for (int64_t n = threadIdx.x; n < N; n += blockDim.x) {
            const float value = __bfloat162float(x[first + n]);
            total += value * value;
        }
        for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
        if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
        __syncthreads();
        total = 0;
        for (int warp = 0; warp < 8; ++warp) total += partial[warp];
        const float scale = rsqrtf(total / N + eps);
        for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
            out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                              __bfloat162float(weight[n]));
    }
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    static void* counter = nullptr;
    static int blocks = 0;
    if (counter == nullptr) {
        int device = 0, multiprocessors = 0, each = 0;
        cudaGetDevice(&device);
        cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device);
        cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, normalise_rows, 256, 0);
        blocks = multiprocessors * each;
        cudaGetSymbolAddress(&counter, next_row);
    }
    cudaMemsetAsync(counter, 0, sizeof(unsigned long long), stream);
    const int64_t grid = M < blocks ? M : blocks;
    normalise_rows<<<grid, 256, 0, stream>>>(x, weight, out, M, N, eps);
}
