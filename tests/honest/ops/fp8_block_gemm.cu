// FP8 product: tiles of 64 by 64, each block of 128 summed in float32 and then scaled.
#include <cuda_bf16.h>
#include <cuda_fp8.h>
#include <cstdint>

constexpr int TILE = 64, STEP = 32, EACH = 4;

__device__ float decode(uint8_t byte) {
    __nv_fp8_e4m3 value;
    value.__x = byte;
    return float(value);
}

__global__ void multiply(const uint8_t* a, const float* a_scale, const uint8_t* b,
                         const float* b_scale, __nv_bfloat16* out, int64_t M, int64_t N,
                         int64_t K) {
    __shared__ float left[STEP][TILE + 1], right[STEP][TILE + 1];
    const int64_t row = int64_t(blockIdx.y) * TILE, column = int64_t(blockIdx.x) * TILE;
    const int x = threadIdx.x % 16, y = threadIdx.x / 16;
    float total[EACH][EACH] = {};
    for (int64_t block = 0; block < K / 128; ++block) {
        float sum[EACH][EACH] = {};
        for (int64_t begin = block * 128; begin < block * 128 + 128; begin += STEP) {
            for (int i = threadIdx.x; i < TILE * STEP; i += blockDim.x) {
                const int64_t r = i / STEP, k = i % STEP;
                left[k][r] = row + r < M ? decode(a[(row + r) * K + begin + k]) : 0.0f;
                right[k][r] = decode(b[(column + r) * K + begin + k]);
            }
            __syncthreads();
            for (int k = 0; k < STEP; ++k) {
                for (int i = 0; i < EACH; ++i) {
                    for (int j = 0; j < EACH; ++j) {
                        sum[i][j] += left[k][y + 16 * i] * right[k][x + 16 * j];
                    }
                }
            }
            __syncthreads();
        }
        // A tile of 64 columns lies within one block of 128.
        const float of_b = b_scale[column / 128 * (K / 128) + block];
        for (int i = 0; i < EACH; ++i) {
            const int64_t m = row + y + 16 * i;
            const float scale = m < M ? a_scale[m * (K / 128) + block] * of_b : 0.0f;
            for (int j = 0; j < EACH; ++j) total[i][j] += sum[i][j] * scale;
        }
    }
    for (int i = 0; i < EACH; ++i) {
        const int64_t m = row + y + 16 * i;
        for (int j = 0; j < EACH && m < M; ++j) {
            out[m * N + column + x + 16 * j] = __float2bfloat16(total[i][j]);
        }
    }
}

extern "C" void fp8_block_gemm(const uint8_t* a, const float* a_scale, const uint8_t* b,
                               const float* b_scale, __nv_bfloat16* out, int64_t M, int64_t N,
                               int64_t K, cudaStream_t stream) {
    const dim3 grid(N / TILE, (M + TILE - 1) / TILE);
    multiply<<<grid, 256, 0, stream>>>(a, a_scale, b, b_scale, out, M, N, K);
}
