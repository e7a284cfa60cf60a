#include "cmd/suggest.h"

#include <algorithm>

namespace turbo::cmd {
namespace {

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differs});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string Nearest(std::string_view typed, const std::vector<std::string>& names) {
  // A third of the letters may be wrong; more is no longer the same word.
  std::size_t allowed = std::max<std::size_t>(1, typed.size() / 3);
  std::string best;
  for (const std::string& name : names) {
    // A name that is only cut short ("--log-f") is as good as one with a letter wrong.
    const bool prefix = typed.size() >= 4 && name.starts_with(typed);
    const std::size_t distance = prefix ? 1 : Distance(typed, name);
    if (distance < allowed || (distance == allowed && best.empty())) {
      allowed = distance;
      best = name;
    }
  }
  return best;
}

}  // namespace turbo::cmd
