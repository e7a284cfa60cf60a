// "Did you mean …?" for names that people mistype. Pure, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace turbo::cmd {

/// The name nearest to `typed` by edit distance (a swap of neighbours counts once), or "" if none
/// is near enough to be worth a guess.
std::string Nearest(std::string_view typed, const std::vector<std::string>& names);

}  // namespace turbo::cmd
