#include <fcntl.h>
#include <sys/eventfd.h>

#include <catch2/catch_test_macros.hpp>
#include <utility>

#include "engine/base/unique_fd.h"

namespace turbo::engine {
namespace {

int Open() { return ::eventfd(0, EFD_CLOEXEC); }
bool IsOpen(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST_CASE("UniqueFd closes what it owns, once", "[base]") {
  const int fd = Open();
  {
    const UniqueFd owner(fd);
    CHECK(owner.valid());
    CHECK(IsOpen(fd));
  }
  CHECK_FALSE(IsOpen(fd));
  CHECK_FALSE(UniqueFd().valid());
}

TEST_CASE("UniqueFd moves, releases and resets", "[base]") {
  const int first = Open();
  const int second = Open();
  UniqueFd a(first);
  UniqueFd b(second);
  a = std::move(b);
  CHECK_FALSE(IsOpen(first));
  CHECK(a.get() == second);
  CHECK_FALSE(b.valid());  // NOLINT(bugprone-use-after-move): a moved-from owner is empty
  UniqueFd c(std::move(a));
  CHECK(c.get() == second);
  const int raw = c.Release();
  CHECK_FALSE(c);
  CHECK(IsOpen(raw));
  c.Reset(raw);
  c.Reset();
  CHECK_FALSE(IsOpen(raw));
}

}  // namespace
}  // namespace turbo::engine
