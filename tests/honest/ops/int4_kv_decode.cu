// Decode attention over four-bit keys and values, which each lane unpacks for its own elements.
#include <cuda_bf16.h>
#include <cstdint>

constexpr int WARPS = 8, MOST = 4;

__device__ float lane_sum(float x) {
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__device__ float element(const uint8_t* packed, const float* scales, int64_t row, int64_t D,
                         int64_t d) {
    const int byte = packed[row * (D / 2) + d / 2];
    return float((d % 2 ? byte >> 4 : byte & 15) - 8) * scales[row * (D / 64) + d / 64];
}

__global__ void attend(const __nv_bfloat16* q, const uint8_t* k, const float* k_scale,
                       const uint8_t* v, const float* v_scale, const int32_t* lengths,
                       __nv_bfloat16* out, int64_t S, int64_t Hq, int64_t Hkv, int64_t D,
                       float scale) {
    const int64_t b = blockIdx.y, h = blockIdx.x;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, each = int(D / 32);
    float query[MOST] = {}, sum[MOST] = {}, top = -INFINITY, total = 0;
    for (int i = 0; i < each; ++i) {
        query[i] = __bfloat162float(q[(b * Hq + h) * D + lane + 32 * i]);
    }
    for (int64_t s = warp; s < lengths[b]; s += WARPS) {
        const int64_t row = (b * S + s) * Hkv + h / (Hq / Hkv);
        float dot = 0;
        for (int i = 0; i < each; ++i) {
            dot += query[i] * element(k, k_scale, row, D, lane + 32 * i);
        }
        dot = lane_sum(dot) * scale;
        const float higher = fmaxf(top, dot), kept = expf(top - higher), p = expf(dot - higher);
        for (int i = 0; i < each; ++i) {
            sum[i] = sum[i] * kept + p * element(v, v_scale, row, D, lane + 32 * i);
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

extern "C" void int4_kv_decode(const __nv_bfloat16* q, const uint8_t* k_packed,
                               const float* k_scale, const uint8_t* v_packed, const float* v_scale,
                               const int32_t* lengths, __nv_bfloat16* out, int64_t B, int64_t S,
                               int64_t Hq, int64_t Hkv, int64_t D, float scale,
                               cudaStream_t stream) {
    attend<<<dim3(Hq, B), 32 * WARPS, 0, stream>>>(q, k_packed, k_scale, v_packed, v_scale, lengths,
                                                   out, S, Hq, Hkv, D, scale);
}
