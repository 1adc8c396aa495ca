// Gated delta rule: a block a head, where each thread keeps one column of the state in registers.
#include <cuda_bf16.h>
#include <cstdint>

constexpr int D = 128;

__global__ void __launch_bounds__(D) scan(const __nv_bfloat16* q, const __nv_bfloat16* k,
                                          const __nv_bfloat16* v, const float* g,
                                          const float* beta, __nv_bfloat16* out, int64_t T,
                                          int64_t H) {
    __shared__ float query[D], key[D];
    const int64_t b = blockIdx.y, h = blockIdx.x;
    const int column = threadIdx.x;
    float state[D];
#pragma unroll
    for (int r = 0; r < D; ++r) state[r] = 0;
    for (int64_t t = 0; t < T; ++t) {
        const int64_t step = (b * T + t) * H + h;
        __syncthreads();
        query[column] = __bfloat162float(q[step * D + column]);
        key[column] = __bfloat162float(k[step * D + column]);
        __syncthreads();
        const float decay = expf(g[step]);
        float known = 0, sum = 0;
#pragma unroll
        for (int r = 0; r < D; ++r) {
            state[r] *= decay;
            known += state[r] * key[r];
        }
        const float update = beta[step] * (__bfloat162float(v[step * D + column]) - known);
#pragma unroll
        for (int r = 0; r < D; ++r) {
            state[r] += key[r] * update;
            sum += state[r] * query[r];
        }
        out[step * D + column] = __float2bfloat16(sum);
    }
}

extern "C" void gated_delta_rule(const __nv_bfloat16* q, const __nv_bfloat16* k,
                                 const __nv_bfloat16* v, const float* g, const float* beta,
                                 __nv_bfloat16* out, int64_t B, int64_t T, int64_t H, int64_t,
                                 cudaStream_t stream) {
    scan<<<dim3(H, B), D, 0, stream>>>(q, k, v, g, beta, out, T, H);
}
