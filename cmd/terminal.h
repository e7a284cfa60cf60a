// What this program prints for people: to stderr in whole lines, coloured where a person is
// looking. Main thread.
#pragma once

#include <string>
#include <string_view>

#include "cmd/environment.h"

namespace turbo::cmd {

/// True if `fd` is a terminal that shows colours: NO_COLOR (no-color.org) and TERM=dumb switch them
/// off.
bool ShowsColor(int fd, const Environment& environment);

/// One write(2) for all of `text`, as far as the descriptor takes it; several processes share
/// stderr.
void WriteAll(int fd, std::string_view text) noexcept;

enum class Ink { kBold, kDim, kRed, kGreen, kYellow, kCyan };

/// `text` in a colour, or as it is if `color` is false.
std::string Paint(Ink ink, std::string_view text, bool color);

}  // namespace turbo::cmd
