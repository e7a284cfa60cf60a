# Third-party libraries, all found through CMAKE_PREFIX_PATH, the system or pkg-config; none is fetched here.
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)

find_path(ASIO_INCLUDE_DIR asio.hpp REQUIRED)
add_library(asio::asio INTERFACE IMPORTED)
target_include_directories(asio::asio INTERFACE ${ASIO_INCLUDE_DIR})
# Handlers never change threads here, so Asio's fences guard nothing; GCC's thread sanitizer does not know them either.
target_compile_definitions(asio::asio INTERFACE ASIO_STANDALONE ASIO_SEPARATE_COMPILATION ASIO_NO_DEPRECATED
                           ASIO_DISABLE_FENCED_BLOCK)
target_link_libraries(asio::asio INTERFACE Threads::Threads)

find_path(LLHTTP_INCLUDE_DIR llhttp.h REQUIRED)
find_library(LLHTTP_LIBRARY NAMES libllhttp.a llhttp REQUIRED)
add_library(llhttp::llhttp UNKNOWN IMPORTED)
set_target_properties(llhttp::llhttp PROPERTIES IMPORTED_LOCATION ${LLHTTP_LIBRARY}
                      INTERFACE_INCLUDE_DIRECTORIES ${LLHTTP_INCLUDE_DIR})

# The JSON parser: pyembed links to it, the engine does not.
find_package(yyjson CONFIG REQUIRED)
set(TURBO_JSON_LIBRARY yyjson::yyjson)

if(TURBO_TESTS)
  find_package(Catch2 3 REQUIRED)
  include(Catch)
endif()
