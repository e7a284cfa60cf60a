// Counts this thread's heap allocations, so that a test can show that there are none. Works with
// and without sanitizers.
#pragma once

#include <cstdint>

namespace turbo::engine::test {

/// malloc, calloc, realloc and aligned forms (and so operator new) of this thread so far.
std::uint64_t AllocationsOfThisThread();

}  // namespace turbo::engine::test
