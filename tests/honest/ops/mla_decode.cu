// Latent attention decode: a block a head, whose warps take positions in turn and merge.
#include <cuda_bf16.h>
#include <cstdint>

constexpr int WARPS = 8, MOST = 16, ROTARY = 2;

__device__ float lane_sum(float x) {
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(~0u, x, step);
    return x;
}

__global__ void attend(const __nv_bfloat16* q_nope, const __nv_bfloat16* q_pe,
                       const __nv_bfloat16* ckv, const __nv_bfloat16* kpe, const int32_t* lengths,
                       __nv_bfloat16* out, int64_t S, int64_t H, float scale) {
    constexpr int64_t C = 32 * MOST, R = 32 * ROTARY;
    const int64_t b = blockIdx.y, h = blockIdx.x;
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    float query[MOST], turned[ROTARY], sum[MOST] = {}, top = -INFINITY, total = 0;
    for (int i = 0; i < MOST; ++i) {
        query[i] = __bfloat162float(q_nope[(b * H + h) * C + lane + 32 * i]);
    }
    for (int i = 0; i < ROTARY; ++i) {
        turned[i] = __bfloat162float(q_pe[(b * H + h) * R + lane + 32 * i]);
    }
    for (int64_t s = warp; s < lengths[b]; s += WARPS) {
        float latent[MOST], dot = 0;
        for (int i = 0; i < MOST; ++i) {
            latent[i] = __bfloat162float(ckv[(b * S + s) * C + lane + 32 * i]);
            dot += query[i] * latent[i];
        }
        for (int i = 0; i < ROTARY; ++i) {
            dot += turned[i] * __bfloat162float(kpe[(b * S + s) * R + lane + 32 * i]);
        }
        dot = lane_sum(dot) * scale;
        const float higher = fmaxf(top, dot), kept = expf(top - higher), p = expf(dot - higher);
        for (int i = 0; i < MOST; ++i) sum[i] = sum[i] * kept + p * latent[i];
        total = total * kept + p;
        top = higher;
    }
    __shared__ float tops[WARPS], totals[WARPS], sums[WARPS][32 * MOST];
    tops[warp] = top;
    totals[warp] = total;
    for (int i = 0; i < MOST; ++i) sums[warp][lane + 32 * i] = sum[i];
    __syncthreads();
    for (int64_t d = threadIdx.x; d < C; d += blockDim.x) {
        float highest = -INFINITY, whole = 0, result = 0;
        for (int w = 0; w < WARPS; ++w) highest = fmaxf(highest, tops[w]);
        for (int w = 0; w < WARPS; ++w) {
            const float share = expf(tops[w] - highest);
            whole += share * totals[w];
            result += share * sums[w][d];
        }
        out[(b * H + h) * C + d] = __float2bfloat16(result / whole);
    }
}

extern "C" void mla_decode(const __nv_bfloat16* q_nope, const __nv_bfloat16* q_pe,
                           const __nv_bfloat16* ckv, const __nv_bfloat16* kpe,
                           const int32_t* lengths, __nv_bfloat16* out, int64_t B, int64_t H,
                           int64_t S, int64_t, int64_t, float scale, cudaStream_t stream) {
    attend<<<dim3(H, B), 32 * WARPS, 0, stream>>>(q_nope, q_pe, ckv, kpe, lengths, out, S, H,
                                                  scale);
}
