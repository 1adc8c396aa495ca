// Histograms: each block counts a part of a row in shared memory, and adds its counts at the end.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kBins = 256, kPart = 32768;

__global__ void count(const __nv_bfloat16* x, int32_t* counts, int64_t N, int64_t parts,
                      float scale) {
    __shared__ int32_t own[kBins];
    own[threadIdx.x] = 0;
    __syncthreads();
    const int64_t m = blockIdx.x / parts, begin = blockIdx.x % parts * kPart;
    const int64_t end = min(N, begin + kPart);
    for (int64_t n = begin + threadIdx.x; n < end; n += kBins) {
        const float bin = floorf(__bfloat162float(x[m * N + n]) * scale) + 128;
        atomicAdd(&own[static_cast<int>(fminf(fmaxf(bin, 0), kBins - 1))], 1);
    }
    __syncthreads();
    if (own[threadIdx.x]) atomicAdd(&counts[m * kBins + threadIdx.x], own[threadIdx.x]);
}
}  // namespace

extern "C" void histogram(const __nv_bfloat16* x, int32_t* counts, int64_t M, int64_t N,
                          float scale, cudaStream_t stream) {
    const int64_t parts = (N + kPart - 1) / kPart;
    cudaMemsetAsync(counts, 0, M * kBins * sizeof(int32_t), stream);
    count<<<M * parts, kBins, 0, stream>>>(x, counts, N, parts, scale);
}
