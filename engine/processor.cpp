// Which build of the kernels runs: the first of the list that this machine can, or the one LENET_PROCESSOR names.
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

int builds(Build* list) {
    int n = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    list[n++] = {&avx512_kernels, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")};
    list[n++] = {&avx2_kernels, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")};
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
