// What Clang 16 needs, included before every source that it compiles (the presets clang, fuzz and
// lint). For the build only; no source may include it.
#pragma once
#pragma GCC system_header

// libstdc++ 12 offers std::expected only to compilers with C++20's final concepts (P0848 among
// them, which it does not use there).
#if __cpp_concepts < 202002L
#undef __cpp_concepts
#define __cpp_concepts 202002L
#endif

// CPython's headers look for GCC's atomics by asking for __atomic_load, which Clang 16 has but does
// not admit to.
#define _Py_USE_GCC_BUILTIN_ATOMICS 1
