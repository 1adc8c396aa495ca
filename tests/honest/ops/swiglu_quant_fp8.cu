// SwiGLU and e4m3 quantisation: a block activates one row for its maximum, and again to convert it.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp8.h>

namespace {

constexpr int kThreads = 256;

__device__ float activated(__nv_bfloat16 gate, __nv_bfloat16 up) {
    const float g = __bfloat162float(gate);
    return g / (1.0f + expf(-g)) * __bfloat162float(up);
}

__global__ void row(const __nv_bfloat16* gate, const __nv_bfloat16* up, __nv_fp8_e4m3* q,
                    float* scale, int64_t N) {
    __shared__ float tops[kThreads / 32];
    const int64_t base = static_cast<int64_t>(blockIdx.x) * N;
    float top = 0;
    for (int64_t n = threadIdx.x; n < N; n += kThreads) {
        top = fmaxf(top, fabsf(activated(gate[base + n], up[base + n])));
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
        q[base + n] = __nv_fp8_e4m3(activated(gate[base + n], up[base + n]) / step);
    }
}

}  // namespace

extern "C" void swiglu_quant_fp8(const __nv_bfloat16* gate, const __nv_bfloat16* up,
                                 __nv_fp8_e4m3* q, float* scale, int64_t M, int64_t N,
                                 cudaStream_t stream) {
    row<<<static_cast<unsigned>(M), kThreads, 0, stream>>>(gate, up, q, scale, N);
}
