// The gate: a kernel that fills every multiprocessor and holds the stream until the judge has put
// the contents into the slot.  Built once by the judge, and loaded by whichever process makes calls.
#include <cuda_runtime.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace {
constexpr int kMostCalls = 128;
constexpr int64_t kTouchStride = 64 << 10;

// One page of host memory that the judge shares: it opens the gate by writing the gate's number.
struct Page {
    volatile int64_t opened, closed, beats;
};

Page *page, *page_on_device;
cudaStream_t stream;
cudaEvent_t begins[kMostCalls], ends[kMostCalls];
unsigned gates = 0;
int processors = 0, shared_bytes = 0;

__device__ unsigned arrived;
__device__ volatile int64_t released;

void require(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "CUDA error in %s: %s\n", what, cudaGetErrorString(status));
    std::fflush(stderr);
    _exit(3);
}

// With all of the shared memory of every multiprocessor taken, nothing can run beside it: whatever
// waits on another stream finds no room until the gate opens, and then competes with the call.
// Before it ends each block reads a word in every 64 KiB of the slot: the judge's own work has cost
// this process its address translations, and they are not the kernel's to pay for.
__global__ void __launch_bounds__(256) hold(Page* page, int64_t number, unsigned everyone,
                                            const volatile char* slot, int64_t bytes) {
    if (threadIdx.x == 0) {
        if (atomicAdd(&arrived, 1) + 1 == everyone) {
            page->closed = number;
            __threadfence_system();
        }
        if (blockIdx.x == 0) {
            for (int64_t beat = 1; page->opened != number; ++beat) page->beats = beat;
            released = number;
            __threadfence();
        } else {
            while (released != number) {}
        }
    }
    __syncthreads();
    int sum = 0;
    for (int64_t at = threadIdx.x * kTouchStride; at < bytes; at += blockDim.x * kTouchStride) {
        sum += slot[at];
    }
    // The sum must be wanted, or the block would end before its reads have.
    if (sum == INT32_MIN) page->beats = 0;
}

double seconds_now() {
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}
}  // namespace

extern "C" void* skilldyno_open(const void* handle, void* host_page) {
    cudaIpcMemHandle_t memory;
    std::memcpy(&memory, handle, sizeof memory);
    void* base = nullptr;
    require(cudaSetDevice(0), "cudaSetDevice");
    require(cudaIpcOpenMemHandle(&base, memory, cudaIpcMemLazyEnablePeerAccess), "opening memory");
    page = static_cast<Page*>(host_page);
    require(cudaHostRegister(host_page, 4096, cudaHostRegisterMapped), "cudaHostRegister");
    require(cudaHostGetDevicePointer(reinterpret_cast<void**>(&page_on_device), host_page, 0),
            "cudaHostGetDevicePointer");
    // Memory that a kernel frees stays in the pool, or each synchronisation would give it back.
    cudaMemPool_t pool;
    uint64_t all = UINT64_MAX;
    require(cudaDeviceGetDefaultMemPool(&pool, 0), "cudaDeviceGetDefaultMemPool");
    require(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all),
            "cudaMemPoolSetAttribute");
    // Not a non-blocking stream: what a kernel launches on the default stream stays in order.
    require(cudaStreamCreate(&stream), "cudaStreamCreate");
    for (int i = 0; i < kMostCalls; ++i) {
        require(cudaEventCreate(&begins[i]), "cudaEventCreate");
        require(cudaEventCreate(&ends[i]), "cudaEventCreate");
    }
    require(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0), "attributes");
    require(cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
            "attributes");
    require(cudaFuncSetAttribute(hold, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes),
            "cudaFuncSetAttribute");
    require(cudaDeviceSynchronize(), "starting");
    return base;
}

extern "C" void* skilldyno_stream() { return stream; }

// All that earlier calls have started must have ended, and no cache line stays reserved for them.
extern "C" void skilldyno_settle() {
    require(cudaGetLastError(), "a launch");
    require(cudaDeviceSynchronize(), "a kernel");
    require(cudaCtxResetPersistingL2Cache(), "cudaCtxResetPersistingL2Cache");
    require(cudaDeviceSetLimit(cudaLimitPersistingL2CacheSize, 0), "cudaDeviceSetLimit");
}

extern "C" void skilldyno_gate(int64_t number, const void* slot, int64_t bytes, void* on) {
    ++gates;
    hold<<<processors, 256, shared_bytes, static_cast<cudaStream_t>(on)>>>(
        page_on_device, number, gates * processors, static_cast<const volatile char*>(slot), bytes);
    require(cudaGetLastError(), "closing the gate");
}

// Whether every multiprocessor has come to hold the gate within that time.
extern "C" int skilldyno_closed(int64_t number, double seconds) {
    for (double end = seconds_now() + seconds; seconds_now() < end;) {
        if (page->closed == number) return 1;
    }
    return 0;
}

extern "C" void skilldyno_begin(int call, void* on) {
    require(cudaEventRecord(begins[call], static_cast<cudaStream_t>(on)), "cudaEventRecord");
}

extern "C" void skilldyno_end(int call, void* on) {
    require(cudaEventRecord(ends[call], static_cast<cudaStream_t>(on)), "cudaEventRecord");
}

extern "C" void skilldyno_finish(int calls, int64_t* nanoseconds) {
    require(cudaGetLastError(), "a launch");
    require(cudaDeviceSynchronize(), "a kernel");
    for (int i = 0; i < calls; ++i) {
        float milliseconds = 0;
        require(cudaEventElapsedTime(&milliseconds, begins[i], ends[i]), "cudaEventElapsedTime");
        nanoseconds[i] = static_cast<int64_t>(milliseconds * 1e6);
    }
}
