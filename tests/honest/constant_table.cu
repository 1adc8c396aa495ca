// Looks like: static state on the device that one call leaves to the next.
// Honest because: it is a table of pure constants (the reciprocals of row lengths), filled once.
// Op: rms_norm.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int64_t kLengths = 16384;
__device__ float reciprocals[kLengths];

__global__ void fill_table() {
    const int64_t n = blockIdx.x * int64_t{blockDim.x} + threadIdx.x;
    if (n < kLengths) reciprocals[n] = n > 0 ? 1.0f / static_cast<float>(n) : 0.0f;
}

__global__ void normalise(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                          int64_t N, float eps) {
    __shared__ float partial[8];
    const float reciprocal = N < kLengths ? reciprocals[N] : 1.0f / static_cast<float>(N);
    const __nv_bfloat16* row = x + blockIdx.x * N;
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
    const float scale = rsqrtf(total * reciprocal + eps);
    for (int64_t n = threadIdx.x; n < N; n += blockDim.x)
        out[blockIdx.x * N + n] =
            __float2bfloat16(__bfloat162float(row[n]) * scale * __bfloat162float(weight[n]));
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    static bool filled = false;
    if (!filled) fill_table<<<kLengths / 256, 256, 0, stream>>>();
    filled = true;
    normalise<<<M, 256, 0, stream>>>(x, weight, out, N, eps);
}
