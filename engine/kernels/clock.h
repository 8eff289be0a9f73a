// The time, for measuring peaks. No header of the standard library: see kernels.cpp.
#pragma once
#include <time.h>

namespace lenet {
namespace {

double now() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

}  // namespace
}  // namespace lenet
