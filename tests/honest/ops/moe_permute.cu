// Tokens brought together by expert: a block finds one expert's places, then each pair is copied.
#include <cstdint>
#include <cuda_bf16.h>

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / 32;

// Sum of `value` over the threads before this one, and of all threads in `total`.
__device__ int sum_before(int value, int* sums, int& total) {
    const int lane = threadIdx.x % 32;
    const int warp = threadIdx.x / 32;
    int running = value;
    for (int offset = 1; offset < 32; offset *= 2) {
        const int other = __shfl_up_sync(0xffffffffu, running, offset);
        if (lane >= offset) running += other;
    }
    __syncthreads();
    if (lane == 31) sums[warp] = running;
    __syncthreads();
    int before = running - value;
    total = 0;
    for (int i = 0; i < kWarps; ++i) {
        if (i < warp) before += sums[i];
        total += sums[i];
    }
    return before;
}

__global__ void places(const int64_t* expert, int32_t* position, int64_t pairs) {
    __shared__ int sums[kWarps];
    const int64_t mine = blockIdx.x;
    int below = 0;
    for (int64_t pair = threadIdx.x; pair < pairs; pair += kThreads) below += expert[pair] < mine;
    int next = 0;
    sum_before(below, sums, next);
    for (int64_t first = 0; first < pairs; first += kThreads) {
        const int64_t pair = first + threadIdx.x;
        const int held = pair < pairs && expert[pair] == mine;
        int found = 0;
        const int before = sum_before(held, sums, found);
        if (held) position[pair] = next + before;
        next += found;
    }
}

__global__ void copies(const __nv_bfloat16* x, const int32_t* position, __nv_bfloat16* out,
                       int64_t K, int64_t H) {
    const int64_t pair = blockIdx.x;
    const __nv_bfloat16* from = x + pair / K * H;
    __nv_bfloat16* to = out + static_cast<int64_t>(position[pair]) * H;
    for (int64_t h = threadIdx.x; h < H; h += kThreads) to[h] = from[h];
}

}  // namespace

extern "C" void moe_permute(const __nv_bfloat16* x, const int64_t* expert, __nv_bfloat16* out,
                            int32_t* position, int64_t T, int64_t K, int64_t E, int64_t H,
                            cudaStream_t stream) {
    places<<<static_cast<unsigned>(E), kThreads, 0, stream>>>(expert, position, T * K);
    copies<<<static_cast<unsigned>(T * K), kThreads, 0, stream>>>(x, position, out, K, H);
}
