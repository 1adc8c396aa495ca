// Looks like: blocks that read one another's shared memory.
// Honest because: the four blocks of a cluster share one row, and add their sums up through it.
// Op: rms_norm.
#include <cooperative_groups.h>
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kBlocks = 4;

__global__ void __cluster_dims__(kBlocks, 1, 1)
    normalise(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out, int64_t N,
              float eps) {
    __shared__ float partial[8], sum;
    auto cluster = cooperative_groups::this_cluster();
    const int64_t first = blockIdx.x / kBlocks * N;
    const int64_t part = (N + kBlocks - 1) / kBlocks;
    const int64_t begin = min(N, part * cluster.block_rank());
    const int64_t end = min(N, begin + part);
    float total = 0;
    for (int64_t n = begin + threadIdx.x; n < end; n += blockDim.x) {
        const float value = __bfloat162float(x[first + n]);
        total += value * value;
    }
    for (int step = 16; step > 0; step /= 2) total += __shfl_xor_sync(~0u, total, step);
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = total;
    __syncthreads();
    if (threadIdx.x == 0) {
        sum = 0;
        for (int warp = 0; warp < 8; ++warp) sum += partial[warp];
    }
    cluster.sync();
    total = 0;
    for (int rank = 0; rank < kBlocks; ++rank) total += *cluster.map_shared_rank(&sum, rank);
    const float scale = rsqrtf(total / N + eps);
    for (int64_t n = begin + threadIdx.x; n < end; n += blockDim.x)
        out[first + n] = __float2bfloat16(__bfloat162float(x[first + n]) * scale *
                                          __bfloat162float(weight[n]));
    // No block may end while another reads its sum.
    cluster.sync();
}
}  // namespace

extern "C" void rms_norm(const __nv_bfloat16* x, const __nv_bfloat16* weight, __nv_bfloat16* out,
                         int64_t M, int64_t N, float eps, cudaStream_t stream) {
    normalise<<<M * kBlocks, 256, 0, stream>>>(x, weight, out, N, eps);
}
