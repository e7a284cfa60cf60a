# Included by the presets within project(): where scripts/bootstrap put the libraries and the
# interpreters, and ccache where there is one.
set(turbo_cache "$ENV{XDG_CACHE_HOME}")
if(NOT turbo_cache)
  set(turbo_cache "$ENV{HOME}/.cache")
endif()
include("${turbo_cache}/turbo/toolchain.cmake" OPTIONAL RESULT_VARIABLE turbo_toolchain)
if(NOT turbo_toolchain)
  message(STATUS "scripts/bootstrap has not run: libraries and interpreters must be named by hand")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
