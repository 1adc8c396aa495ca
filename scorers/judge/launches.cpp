// Which kernels ran on the GPU and for how long, by CUPTI's activity records.  Built once by the
// judge where CUPTI is; loaded into a process when its timing is over.
#include <cupti.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {
constexpr size_t kBufferBytes = 4 << 20;
constexpr size_t kAlignment = 8;
std::string lines;

using GetNext = CUptiResult (*)(uint8_t*, size_t, CUpti_Activity**);
GetNext get_next = nullptr;

void CUPTIAPI give_buffer(uint8_t** buffer, size_t* size, size_t* records) {
    *buffer = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, kBufferBytes));
    *size = kBufferBytes;
    *records = 0;
}

void CUPTIAPI take_buffer(CUcontext, uint32_t, uint8_t* buffer, size_t, size_t valid) {
    CUpti_Activity* record = nullptr;
    while (get_next(buffer, valid, &record) == CUPTI_SUCCESS) {
        if (record->kind != CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) continue;
        const auto* kernel = reinterpret_cast<const CUpti_ActivityKernel9*>(record);
        lines += std::to_string(kernel->end - kernel->start);
        lines += ' ';
        lines += kernel->name != nullptr ? kernel->name : "?";
        lines += '\n';
    }
    std::free(buffer);
}

template <typename Function>
Function find(void* library, const char* name) {
    return reinterpret_cast<Function>(dlsym(library, name));
}

void* library = nullptr;
}  // namespace

// Begins to record; 0 if it could.
extern "C" int skilldyno_record(const char* path) {
    library = dlopen(path, RTLD_NOW);
    if (library == nullptr) return 1;
    using Register = CUptiResult (*)(CUpti_BuffersCallbackRequestFunc,
                                     CUpti_BuffersCallbackCompleteFunc);
    using Enable = CUptiResult (*)(CUpti_ActivityKind);
    get_next = find<GetNext>(library, "cuptiActivityGetNextRecord");
    const auto enroll = find<Register>(library, "cuptiActivityRegisterCallbacks");
    const auto enable = find<Enable>(library, "cuptiActivityEnable");
    if (get_next == nullptr || enroll == nullptr || enable == nullptr) return 2;
    if (enroll(give_buffer, take_buffer) != CUPTI_SUCCESS) return 3;
    return enable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) == CUPTI_SUCCESS ? 0 : 4;
}

// Ends it; a line a launch: nanoseconds, a space, the kernel's name.
extern "C" const char* skilldyno_recorded() {
    using Flush = CUptiResult (*)(uint32_t);
    find<Flush>(library, "cuptiActivityFlushAll")(1);
    return lines.c_str();
}
