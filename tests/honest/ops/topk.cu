// Top-k: one block a row selects the k-th largest key by its bytes, then ranks the k keys above.
#include <cuda_bf16.h>

#include <cstdint>

namespace {
constexpr int kThreads = 512, kMost = 64, kBytes = 6;

// The value in the order of its size, and then the place, lowest first: no two keys are equal.
__device__ uint64_t key_of(__nv_bfloat16 value, int64_t place) {
    // Adding zero turns minus zero, which is equal to it, into zero.
    const uint32_t bits = __float_as_uint(__bfloat162float(value) + 0.0f);
    const uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000u;
    return uint64_t{ordered >> 16} << 32 | (0xffffffffu - static_cast<uint32_t>(place));
}

__global__ void select(const __nv_bfloat16* x, __nv_bfloat16* values, int64_t* indices, int64_t N,
                       int64_t k) {
    __shared__ unsigned counts[256];
    __shared__ uint64_t keys[kMost];
    __shared__ uint64_t prefix;
    __shared__ int wanted, found;
    const __nv_bfloat16* row = x + blockIdx.x * N;
    if (threadIdx.x == 0) {
        prefix = 0;
        wanted = static_cast<int>(k);
        found = 0;
    }
    for (int byte = kBytes - 1; byte >= 0; --byte) {
        if (threadIdx.x < 256) counts[threadIdx.x] = 0;
        __syncthreads();
        for (int64_t n = threadIdx.x; n < N; n += kThreads) {
            const uint64_t key = key_of(row[n], n);
            if (key >> (8 * (byte + 1)) == prefix) atomicAdd(&counts[key >> (8 * byte) & 255], 1u);
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int digit = 255;
            while (static_cast<int>(counts[digit]) < wanted) wanted -= counts[digit--];
            prefix = prefix << 8 | digit;
        }
        __syncthreads();
    }
    for (int64_t n = threadIdx.x; n < N; n += kThreads) {
        const uint64_t key = key_of(row[n], n);
        if (key >= prefix) keys[atomicAdd(&found, 1)] = key;
    }
    __syncthreads();
    if (threadIdx.x >= k) return;
    const uint64_t own = keys[threadIdx.x];
    int rank = 0;
    for (int i = 0; i < k; ++i) rank += keys[i] > own;
    const int64_t place = 0xffffffffu - static_cast<uint32_t>(own);
    values[blockIdx.x * k + rank] = row[place];
    indices[blockIdx.x * k + rank] = place;
}
}  // namespace

extern "C" void topk(const __nv_bfloat16* x, __nv_bfloat16* values, int64_t* indices, int64_t M,
                     int64_t N, int64_t k, cudaStream_t stream) {
    select<<<M, kThreads, 0, stream>>>(x, values, indices, N, k);
}
