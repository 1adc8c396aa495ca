// Grouped product: a block a tile of columns of an expert, which goes through the expert's rows.
#include <cuda_bf16.h>
#include <cstdint>

constexpr int TILE = 64, STEP = 32, EACH = 4;

__global__ void multiply(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                         const int32_t* offsets, __nv_bfloat16* out, int64_t N, int64_t K) {
    __shared__ float left[STEP][TILE + 1], right[STEP][TILE + 1];
    const int64_t expert = blockIdx.y, column = int64_t(blockIdx.x) * TILE;
    const int64_t end = offsets[expert + 1];
    const int across = threadIdx.x % 16, down = threadIdx.x / 16;
    for (int64_t row = offsets[expert] + int64_t(blockIdx.z) * TILE; row < end;
         row += int64_t(gridDim.z) * TILE) {
        float sum[EACH][EACH] = {};
        for (int64_t begin = 0; begin < K; begin += STEP) {
            for (int i = threadIdx.x; i < TILE * STEP; i += blockDim.x) {
                const int64_t r = i / STEP, k = begin + i % STEP;
                const bool in_x = row + r < end && k < K, in_weight = column + r < N && k < K;
                left[i % STEP][r] = in_x ? __bfloat162float(x[(row + r) * K + k]) : 0.0f;
                right[i % STEP][r] =
                    in_weight ? __bfloat162float(weight[(expert * N + column + r) * K + k]) : 0.0f;
            }
            __syncthreads();
            for (int k = 0; k < STEP; ++k) {
                for (int i = 0; i < EACH; ++i) {
                    for (int j = 0; j < EACH; ++j) {
                        sum[i][j] += left[k][down + 16 * i] * right[k][across + 16 * j];
                    }
                }
            }
            __syncthreads();
        }
        for (int i = 0; i < EACH; ++i) {
            for (int j = 0; j < EACH; ++j) {
                const int64_t t = row + down + 16 * i, n = column + across + 16 * j;
                if (t < end && n < N) out[t * N + n] = __float2bfloat16(sum[i][j]);
            }
        }
    }
}

extern "C" void grouped_gemm(const __nv_bfloat16* x, const __nv_bfloat16* weight,
                             const int32_t* offsets, __nv_bfloat16* out, int64_t, int64_t E,
                             int64_t N, int64_t K, cudaStream_t stream) {
    const dim3 grid((N + TILE - 1) / TILE, E, 4);
    multiply<<<grid, 256, 0, stream>>>(x, weight, offsets, out, N, K);
}
