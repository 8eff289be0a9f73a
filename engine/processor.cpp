// Which build of the kernels runs: the first of the list that this machine can, or the one LENET_PROCESSOR names.
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "bfloat16.h"
#include "kernels.h"

namespace lenet {

#if defined(__x86_64__)
extern const Kernels avx512_kernels, avx2_kernels;
extern const Bfloat16Kernels bfloat16_table;
#endif
extern const Kernels baseline_kernels;

namespace {

struct Build {
    const Kernels* kernels;
    bool runs;
};

#if defined(__x86_64__)
// All that -march=x86-64-v3 and -v4 let the compiler use; older compilers cannot be asked for F16C, LZCNT and MOVBE.
bool is_v3() {
    constexpr unsigned LZCNT = 1 << 5;  // compilers' headers call it by several names
    unsigned a, b, c, d, extended;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid(0x80000001, &a, &b, &extended, &d)) return false;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && (c & bit_F16C) && (c & bit_MOVBE) && (extended & LZCNT);
}
bool is_v4() {
    return is_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#endif

int builds(Build* list) {
    int n = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    list[n++] = {&avx512_kernels, is_v4()};
    list[n++] = {&avx2_kernels, is_v3()};
#endif
    list[n++] = {&baseline_kernels, true};
    return n;
}

const Kernels& choose() {
    Build list[3];
    const int n = builds(list);
    const char* wanted = std::getenv("LENET_PROCESSOR");
    std::string names;
    for (int k = 0; k < n; ++k) {
        if (!list[k].runs) continue;
        if (!wanted || !*wanted || std::strcmp(wanted, list[k].kernels->name) == 0) return *list[k].kernels;
        names += (names.empty() ? "" : ", ") + std::string(list[k].kernels->name);
    }
    throw std::runtime_error("LENET_PROCESSOR is '" + std::string(wanted) + "', but this machine runs " + names +
                             "; set it to one of these or leave it out");
}

}  // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

const Bfloat16Kernels* bfloat16_kernels() {
#if defined(__x86_64__)
    if (kernels().lanes == 16 && __builtin_cpu_supports("avx512bf16")) return &bfloat16_table;
#endif
    return nullptr;
}

int processors(const char** names, int capacity) {
    Build list[3];
    int count = 0;
    for (int k = 0, n = builds(list); k < n && count < capacity; ++k)
        if (list[k].runs) names[count++] = list[k].kernels->name;
    return count;
}

}  // namespace lenet
