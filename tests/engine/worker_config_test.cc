#include "engine/worker/worker_config.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <random>
#include <string>
#include <type_traits>

#include "engine/base/unique_fd.h"

namespace turbo::engine {
namespace {

std::mt19937_64& Random() {
  static std::mt19937_64 random(7);  // NOLINT: the same cases each time
  return random;
}

void Randomize(bool& value) { value = Random()() % 2 == 0; }
void Randomize(std::string& value) {
  value.resize(Random()() % 20);
  for (char& c : value) {
    c = Random()() % 3 == 0 ? "\\\n\r\0=n0,"[Random()() % 8] : static_cast<char>(Random()());
  }
}
void Randomize(std::vector<std::int32_t>& values) {
  values.resize(Random()() % 5);
  for (std::int32_t& value : values) value = static_cast<std::int32_t>(Random()());
}
void Randomize(std::chrono::milliseconds& value) {
  value = std::chrono::milliseconds(static_cast<std::int64_t>(Random()()));
}
template <typename T>
  requires std::is_integral_v<T>
void Randomize(T& value) {
  value = static_cast<T>(Random()() >> (Random()() % 64));
}

TEST_CASE("WorkerConfig survives the way to the worker, whatever is in it", "[worker]") {
  for (int round = 0; round < 2000; ++round) {
    WorkerConfig config;
    VisitFields(config, [](std::string_view, auto& field) { Randomize(field); });
    const std::string text = SerializeWorkerConfig(config);
    const Result<WorkerConfig> parsed = ParseWorkerConfig(text);
    if (!parsed) FAIL(parsed.error().message);
    // Each field of the copy is compared with the original's field of the same name.
    VisitFields(config, [&](std::string_view name, const auto& expected) {
      using Field = std::remove_cvref_t<decltype(expected)>;
      VisitFields(*parsed, [&](std::string_view other, const auto& actual) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(actual)>, Field>) {
          if (name == other && actual != expected) FAIL("field " << name);
        }
      });
    });
  }
}

TEST_CASE("WorkerConfig visits every one of its fields", "[worker]") {
  // A field that VisitFields forgets would not change the text.
  std::size_t count = 0;
  const WorkerConfig config;
  VisitFields(config, [&count](std::string_view, const auto&) { ++count; });
  const std::string text = SerializeWorkerConfig(config);
  CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == count);
  // The sum of the fields' sizes leaves only padding.
  std::size_t bytes = 0;
  VisitFields(config, [&bytes](std::string_view, const auto& field) { bytes += sizeof field; });
  CHECK(sizeof(WorkerConfig) - bytes < 32);
}

TEST_CASE("ParseWorkerConfig refuses anything but its own text", "[worker]") {
  const std::string good = SerializeWorkerConfig(WorkerConfig{});
  REQUIRE(ParseWorkerConfig(good));
  const auto refused = [](const std::string& text, const std::string& why) {
    const Result<WorkerConfig> result = ParseWorkerConfig(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().exit_code == ExitCode::kFailure);
    INFO(result.error().message);
    CHECK(result.error().message.find(why) != std::string::npos);
  };
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  refused("", "target is missing");
  refused(good + "unheard=1\n", "unknown field unheard");
  refused(good + "loops=2\n", "loops stands twice");
  refused(good + "x", "cut short");
  refused(good + "x\n", "no = in \"x\"");
  refused(with("loops=1\n", ""), "loops is missing");
  refused(with("loops=1", "loops="), "loops=");
  refused(with("loops=1", "loops=-1"), "loops=-1");
  refused(with("loops=1", "loops=1 "), "loops=1 ");
  refused(with("loops=1", "loops=4294967296"), "loops=4294967296");
  refused(with("factory=false", "factory=0"), "factory=0");
  refused(with("target=", "target=\\"), "target=\\");
  refused(with("target=", "target=\\x"), "target=\\x");
  refused(with("listen_fds=", "listen_fds=1,"), "listen_fds=1,");
  refused(with("listen_fds=", "listen_fds=1,,2"), "listen_fds=1,,2");
}

TEST_CASE("ReadWorkerConfig reads from the beginning and makes the descriptors private",
          "[worker]") {
  const UniqueFd control(::eventfd(0, 0));
  const UniqueFd listener(::eventfd(0, 0));
  const UniqueFd file(::memfd_create("config", 0));
  REQUIRE(file);
  WorkerConfig config;
  config.target = std::string(10'000, 'x');  // more than one read
  config.control_fd = control.get();
  config.listen_fds = {listener.get()};
  const std::string text = SerializeWorkerConfig(config);
  REQUIRE(::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));

  const Result<WorkerConfig> read = ReadWorkerConfig(file.get());  // the offset is at the end
  REQUIRE(read);
  CHECK(read->target == config.target);
  CHECK(read->control_fd == control.get());
  for (const int fd : {file.get(), control.get(), listener.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  const Result<WorkerConfig> none = ReadWorkerConfig(-1);
  REQUIRE_FALSE(none);
  CHECK(none.error().message.find("descriptor -1") != std::string::npos);
}

}  // namespace
}  // namespace turbo::engine
