// The gate: a kernel that fills every multiprocessor and holds the stream until the judge has put
// the contents into the slot.  Built once by the judge, and loaded by whichever process makes calls.
#include <cuda_runtime.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace {
constexpr int64_t kTouchStride = 64 << 10;
constexpr int kTouches = 3;

// One page of host memory that the judge shares.  Each word takes the gate's number: the judge says
// that the contents are staged, and then that the gate is open; the device says that the gate is
// closed, that the slot has been touched, and that the call is done.
struct Page {
    volatile int64_t opened, closed, beats, done, staged, touched;
};

Page *page, *page_on_device;
cudaStream_t stream;
cudaEvent_t begin, end;
unsigned gates = 0;
int64_t number_of_gate = 0;
int processors = 0, shared_bytes = 0;

__device__ unsigned arrived, ready, left;
__device__ volatile int64_t shown, released;

void require(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "CUDA error in %s: %s\n", what, cudaGetErrorString(status));
    std::fflush(stderr);
    _exit(3);
}

// Waits for a word of the page: the first block alone reads the host's memory.
__device__ void wait_for(const volatile int64_t& word, volatile int64_t& relay, int64_t number,
                         Page* page) {
    if (blockIdx.x == 0) {
        for (int64_t beat = 1; word != number; ++beat) page->beats = beat;
        relay = number;
        __threadfence();
    } else {
        while (relay != number) {}
    }
}

// Reads a word in every 64 KiB.
__device__ int touch(const volatile char* slot, int64_t bytes) {
    int sum = 0;
    for (int64_t at = threadIdx.x * kTouchStride; at < bytes; at += blockDim.x * kTouchStride) {
        sum += slot[at];
    }
    __syncthreads();
    const int64_t last = (bytes - 1) / kTouchStride * kTouchStride;
    for (int64_t at = threadIdx.x * kTouchStride; at < bytes; at += blockDim.x * kTouchStride) {
        sum += slot[last - at];
    }
    __syncthreads();
    return sum;
}

// With all of the shared memory of every multiprocessor taken, nothing can run beside it: whatever
// waits on another stream finds no room until the gate opens, and then competes with the call.
// The judge's own work has cost this process its address translations, and they are not the
// kernel's to pay for, so each block touches the slot before the gate opens, to and fro: the
// translations do not all fit, and both ends should be among those that stay.
__global__ void __launch_bounds__(256) hold(Page* page, int64_t number, unsigned everyone,
                                            const volatile char* slot, int64_t bytes) {
    if (threadIdx.x == 0) {
        if (atomicAdd(&arrived, 1) + 1 == everyone) {
            page->closed = number;
            __threadfence_system();
        }
        wait_for(page->staged, shown, number, page);
    }
    __syncthreads();
    int sum = 0;
    for (int i = 0; i < kTouches; ++i) sum += touch(slot, bytes);
    // The sum must be wanted, or the block would go on before its reads have ended.
    if (sum == INT32_MIN) page->beats = 0;
    if (threadIdx.x == 0) {
        if (atomicAdd(&ready, 1) + 1 == everyone) {
            page->touched = number;
            __threadfence_system();
        }
        wait_for(page->opened, released, number, page);
    }
}

// It needs all of the shared memory too, so it begins when nothing else runs any more.
__global__ void __launch_bounds__(32) tell(Page* page, int64_t number, unsigned everyone) {
    if (threadIdx.x == 0 && atomicAdd(&left, 1) + 1 == everyone) {
        page->done = number;
        __threadfence_system();
    }
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
    require(cudaEventCreate(&begin), "cudaEventCreate");
    require(cudaEventCreate(&end), "cudaEventCreate");
    require(cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, 0), "attributes");
    require(cudaDeviceGetAttribute(&shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
            "attributes");
    for (const void* kernel : {reinterpret_cast<const void*>(hold),
                               reinterpret_cast<const void*>(tell)}) {
        require(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     shared_bytes),
                "cudaFuncSetAttribute");
    }
    require(cudaDeviceSynchronize(), "starting");
    return base;
}

extern "C" void skilldyno_close(void* base) {
    require(cudaDeviceSynchronize(), "closing");
    require(cudaEventDestroy(begin), "cudaEventDestroy");
    require(cudaEventDestroy(end), "cudaEventDestroy");
    require(cudaStreamDestroy(stream), "cudaStreamDestroy");
    require(cudaHostUnregister(page), "cudaHostUnregister");
    require(cudaIpcCloseMemHandle(base), "cudaIpcCloseMemHandle");
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
    number_of_gate = number;
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

extern "C" void skilldyno_begin(void* on) {
    require(cudaEventRecord(begin, static_cast<cudaStream_t>(on)), "cudaEventRecord");
}

extern "C" void skilldyno_end(void* on) {
    require(cudaEventRecord(end, static_cast<cudaStream_t>(on)), "cudaEventRecord");
    // So the judge sees the end on the device's own time, and not on that of this process.
    tell<<<processors, 32, shared_bytes, static_cast<cudaStream_t>(on)>>>(
        page_on_device, number_of_gate, gates * processors);
    require(cudaGetLastError(), "telling the end");
}

// Waits for the whole device; nanoseconds between the two events.
extern "C" int64_t skilldyno_finish() {
    require(cudaGetLastError(), "a launch");
    require(cudaDeviceSynchronize(), "a kernel");
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, begin, end), "cudaEventElapsedTime");
    return static_cast<int64_t>(milliseconds * 1e6);
}
