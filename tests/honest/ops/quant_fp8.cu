// Per-token e4m3 quantisation: a block finds one row's largest magnitude, then converts the row.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp8.h>

namespace {

constexpr int kThreads = 256;

__global__ void row(const __nv_bfloat16* x, __nv_fp8_e4m3* q, float* scale, int64_t N) {
    __shared__ float tops[kThreads / 32];
    const int64_t base = static_cast<int64_t>(blockIdx.x) * N;
    float top = 0;
    for (int64_t n = threadIdx.x; n < N; n += kThreads) {
        top = fmaxf(top, fabsf(__bfloat162float(x[base + n])));
    }
    for (int offset = 16; offset > 0; offset /= 2) {
        top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, offset));
    }
    if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = top;
    __syncthreads();
    for (int warp = 0; warp < kThreads / 32; ++warp) top = fmaxf(top, tops[warp]);
    const float step = top == 0 ? 1.0f : top / 448.0f;
    if (threadIdx.x == 0) scale[blockIdx.x] = step;
    for (int64_t n = threadIdx.x; n < N; n += kThreads) {
        q[base + n] = __nv_fp8_e4m3(__bfloat162float(x[base + n]) / step);
    }
}

}  // namespace

extern "C" void quant_fp8(const __nv_bfloat16* x, __nv_fp8_e4m3* q, float* scale, int64_t M,
                          int64_t N, cudaStream_t stream) {
    row<<<static_cast<unsigned>(M), kThreads, 0, stream>>>(x, q, scale, N);
}
