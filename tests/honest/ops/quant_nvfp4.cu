// NVFP4 quantisation: a thread takes one block of sixteen, and counts its codes off the edges.
#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp8.h>

namespace {

constexpr int kThreads = 256;

__device__ int code_of(float x, float scale) {
    const float a = fabsf(x) / scale;
    const int size = (a > 0.25f) + (a >= 0.75f) + (a > 1.25f) + (a >= 1.75f) + (a > 2.5f) +
                     (a >= 3.5f) + (a > 5.0f);
    return x < 0 ? size + 8 : size;
}

__global__ void blocks_of_16(const __nv_bfloat16* x, const float* global_scale, uint8_t* q,
                             __nv_fp8_e4m3* scale, int64_t blocks) {
    const int64_t block = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (block >= blocks) return;
    const float global = global_scale[0];
    float values[16];
    float top = 0;
    for (int i = 0; i < 16; ++i) {
        values[i] = __bfloat162float(x[block * 16 + i]);
        top = fmaxf(top, fabsf(values[i]));
    }
    const __nv_fp8_e4m3 rounded(fminf(top / (6 * global), 448.0f));
    scale[block] = rounded;
    const float step = static_cast<float>(rounded) * global;
    for (int i = 0; i < 8; ++i) {
        int packed = 0;
        if (step != 0) {
            packed = code_of(values[2 * i], step) + 16 * code_of(values[2 * i + 1], step);
        }
        q[block * 8 + i] = static_cast<uint8_t>(packed);
    }
}

}  // namespace

extern "C" void quant_nvfp4(const __nv_bfloat16* x, const float* global_scale, uint8_t* q,
                            __nv_fp8_e4m3* scale, int64_t M, int64_t N, cudaStream_t stream) {
    const int64_t blocks = M * (N / 16);
    const unsigned grid = static_cast<unsigned>((blocks + kThreads - 1) / kThreads);
    blocks_of_16<<<grid, kThreads, 0, stream>>>(x, global_scale, q, scale, blocks);
}
