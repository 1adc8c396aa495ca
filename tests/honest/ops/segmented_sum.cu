// Segmented sum: one block for 32 columns of a segment; its warps take the rows in turn.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kColumns = 32, kWarps = 8;

__global__ void add_rows(const __nv_bfloat16* x, const int64_t* offsets, __nv_bfloat16* out,
                         int64_t D) {
    __shared__ float sums[kWarps][kColumns];
    const int64_t d = blockIdx.y * int64_t{kColumns} + threadIdx.x;
    const int64_t g = blockIdx.x, end = offsets[g + 1];
    float sum = 0;
    if (d < D)
        for (int64_t n = offsets[g] + threadIdx.y; n < end; n += kWarps)
            sum += __bfloat162float(x[n * D + d]);
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || d >= D) return;
    for (int warp = 1; warp < kWarps; ++warp) sum += sums[warp][threadIdx.x];
    out[g * D + d] = __float2bfloat16(sum);
}
}  // namespace

extern "C" void segmented_sum(const __nv_bfloat16* x, const int64_t* offsets, __nv_bfloat16* out,
                              int64_t N, int64_t D, int64_t G, cudaStream_t stream) {
    const dim3 grid(static_cast<unsigned>(G), static_cast<unsigned>((D + kColumns - 1) / kColumns));
    add_rows<<<grid, dim3(kColumns, kWarps), 0, stream>>>(x, offsets, out, D);
}
