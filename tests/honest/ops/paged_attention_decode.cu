// Paged decode attention: a block a head, whose warps take keys in turn, by way of the table.
#include <cuda_bf16.h>
#include <cstdint>

constexpr int WARPS = 8, MOST = 4;

__device__ float lane_sum(float x) {
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__global__ void attend(const __nv_bfloat16* q, const __nv_bfloat16* k, const __nv_bfloat16* v,
                       const int32_t* block_table, const int32_t* lengths, __nv_bfloat16* out,
                       int64_t S, int64_t Hq, int64_t Hkv, int64_t D, float scale) {
    const int64_t b = blockIdx.y, h = blockIdx.x;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, each = int(D / 32);
    float query[MOST] = {}, sum[MOST] = {}, top = -INFINITY, total = 0;
    for (int i = 0; i < each; ++i) {
        query[i] = __bfloat162float(q[(b * Hq + h) * D + lane + 32 * i]);
    }
    for (int64_t s = warp; s < lengths[b]; s += WARPS) {
        const int64_t page = block_table[b * (S / 16) + s / 16];
        const int64_t at = ((page * 16 + s % 16) * Hkv + h / (Hq / Hkv)) * D + lane;
        float dot = 0;
        for (int i = 0; i < each; ++i) dot += query[i] * __bfloat162float(k[at + 32 * i]);
        dot = lane_sum(dot) * scale;
        const float higher = fmaxf(top, dot), kept = expf(top - higher), p = expf(dot - higher);
        for (int i = 0; i < each; ++i) {
            sum[i] = sum[i] * kept + p * __bfloat162float(v[at + 32 * i]);
        }
        total = total * kept + p;
        top = higher;
    }
    __shared__ float tops[WARPS], totals[WARPS], sums[WARPS][32 * MOST];
    tops[warp] = top;
    totals[warp] = total;
    for (int i = 0; i < each; ++i) sums[warp][lane + 32 * i] = sum[i];
    __syncthreads();
    for (int64_t d = threadIdx.x; d < D; d += blockDim.x) {
        float highest = -INFINITY, whole = 0, result = 0;
        for (int w = 0; w < WARPS; ++w) highest = fmaxf(highest, tops[w]);
        for (int w = 0; w < WARPS; ++w) {
            const float share = expf(tops[w] - highest);
            whole += share * totals[w];
            result += share * sums[w][d];
        }
        out[(b * Hq + h) * D + d] = __float2bfloat16(result / whole);
    }
}

extern "C" void paged_attention_decode(const __nv_bfloat16* q, const __nv_bfloat16* k_cache,
                                       const __nv_bfloat16* v_cache, const int32_t* block_table,
                                       const int32_t* lengths, __nv_bfloat16* out, int64_t B,
                                       int64_t S, int64_t Hq, int64_t Hkv, int64_t D, float scale,
                                       cudaStream_t stream) {
    attend<<<dim3(Hq, B), 32 * WARPS, 0, stream>>>(q, k_cache, v_cache, block_table, lengths, out,
                                                   S, Hq, Hkv, D, scale);
}
