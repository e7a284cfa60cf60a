#include "cmd/terminal.h"

#include <unistd.h>

#include <cerrno>

namespace turbo::cmd {

bool ShowsColor(int fd, const Environment& environment) {
  return ::isatty(fd) == 1 && environment.Get("NO_COLOR").empty() &&
         environment.Get("TERM") != "dumb";
}

void WriteAll(int fd, std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string Paint(Ink ink, std::string_view text, bool color) {
  if (!color) return std::string(text);
  const char* code = "";
  switch (ink) {
    case Ink::kBold:
      code = "1";
      break;
    case Ink::kDim:
      code = "2";
      break;
    case Ink::kRed:
      code = "31;1";
      break;
    case Ink::kGreen:
      code = "32;1";
      break;
    case Ink::kYellow:
      code = "33;1";
      break;
    case Ink::kCyan:
      code = "36";
      break;
  }
  return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

}  // namespace turbo::cmd
