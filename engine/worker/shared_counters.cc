#include "engine/worker/shared_counters.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <type_traits>
#include <utility>

namespace turbo::engine {
namespace {

// Zeroed memory is a valid LoopCounters and nothing needs destroying, so mapping it is all there is
// to do.
static_assert(std::is_trivially_destructible_v<LoopCounters>);
static_assert(sizeof(SingleWriterCounter) == sizeof(std::uint64_t));

std::unexpected<Error> Refused(const char* call) {
  return Fail(ExitCode::kResourceRefused,
              std::string("shared memory for the counters was refused: ") + call + ": " +
                  std::strerror(errno));
}

}  // namespace

SharedCounters::SharedCounters(SharedCounters&& other) noexcept
    : fd_(std::move(other.fd_)),
      counters_(std::exchange(other.counters_, nullptr)),
      count_(std::exchange(other.count_, 0)) {}

SharedCounters& SharedCounters::operator=(SharedCounters&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(counters_, other.counters_);
  std::swap(count_, other.count_);
  return *this;
}

SharedCounters::~SharedCounters() {
  if (counters_ != nullptr) ::munmap(counters_, count_ * sizeof(LoopCounters));
}

Result<SharedCounters> SharedCounters::Create(std::size_t loops) {
  UniqueFd fd(::memfd_create("turbo-counters", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return Refused("memfd_create");
  if (::ftruncate(fd.get(), static_cast<off_t>(loops * sizeof(LoopCounters))) != 0) {
    return Refused("ftruncate");
  }
  // A worker that cut the page would kill the supervisor with SIGBUS.
  if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return Refused("fcntl(F_ADD_SEALS)");
  }
  return Map(std::move(fd), loops);
}

Result<SharedCounters> SharedCounters::Map(UniqueFd fd, std::size_t loops) {
  const std::size_t size = loops * sizeof(LoopCounters);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return Refused("fstat");
  if (loops == 0 || status.st_size < static_cast<off_t>(size)) {
    return Fail(
        ExitCode::kFailure,
        "the shared counters are too small: turbo and its worker programs must come from the "
        "same build");
  }
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return Refused("mmap");
  SharedCounters counters;
  counters.fd_ = std::move(fd);
  counters.counters_ = static_cast<LoopCounters*>(memory);
  counters.count_ = loops;
  return counters;
}

}  // namespace turbo::engine
