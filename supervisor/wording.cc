#include "supervisor/wording.h"

#include <spdlog/fmt/fmt.h>

#include <cstring>

namespace turbo::supervisor {

std::string SignalName(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : std::string("SIG") + name;
}

std::string Seconds(std::chrono::milliseconds time) {
  if (time < std::chrono::seconds(1)) return fmt::format("{} ms", time.count());
  std::string text = fmt::format("{:.1f}", static_cast<double>(time.count()) / 1000.0);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text + " s";
}

std::string Count(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace turbo::supervisor
