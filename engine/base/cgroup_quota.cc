#include "engine/base/cgroup_quota.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace turbo::engine {
namespace {

struct CgroupMount {
  std::string root;   // the group that the mount shows at its top
  std::string point;  // where it is mounted
};

struct CgroupPlace {
  std::string path;                    // of our group, relative to the hierarchy
  std::optional<CgroupMount> mounted;  // of that hierarchy
};

struct CgroupPlaces {
  CgroupPlace v2;
  CgroupPlace v1;  // the hierarchy with the cpu controller
};

bool HasItem(std::string_view list, std::string_view item) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == item) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// mountinfo writes space, tab, newline and backslash as \ooo.
std::string Unescape(std::string_view field) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size() && octal(field[i + 1]) && octal(field[i + 2]) &&
        octal(field[i + 3])) {
      text += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 +
                                (field[i + 3] - '0'));
      i += 3;
    } else {
      text += field[i];
    }
  }
  return text;
}

// Lines are `id:controllers:path`; v2 has id 0 and no controllers.
void ReadMembership(const std::string& file, CgroupPlaces& places) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    if (first == std::string::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controllers.empty()) {
      places.v2.path = line.substr(second + 1);
    } else if (HasItem(controllers, "cpu")) {
      places.v1.path = line.substr(second + 1);
    }
  }
}

void ReadMounts(const std::string& file, CgroupPlaces& places) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::vector<std::string> before;
    std::string word;
    while (words >> word && word != "-") before.push_back(word);
    std::string type;
    std::string source;
    std::string options;
    if (before.size() < 5 || !(words >> type >> source >> options)) continue;
    const CgroupMount mount{Unescape(before[3]), Unescape(before[4])};
    if (type == "cgroup2") {
      places.v2.mounted = mount;
    } else if (type == "cgroup" && HasItem(options, "cpu")) {
      places.v1.mounted = mount;
    }
  }
}

std::string FirstLine(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::optional<double> ToNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> Ratio(std::string_view quota, std::string_view period) {
  const std::optional<double> amount = ToNumber(quota);  // "max" and -1 mean no quota
  const std::optional<double> per = ToNumber(period);
  if (!amount || !per || *amount <= 0 || *per <= 0) return std::nullopt;
  return *amount / *per;
}

std::optional<double> QuotaV2(const std::string& folder) {
  const std::string line = FirstLine(folder + "/cpu.max");
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return std::nullopt;
  return Ratio(line.substr(0, space), line.substr(space + 1));
}

std::optional<double> QuotaV1(const std::string& folder) {
  return Ratio(FirstLine(folder + "/cpu.cfs_quota_us"), FirstLine(folder + "/cpu.cfs_period_us"));
}

// The limits of all ancestors hold as well, so the walk goes from our group up to the top of the
// mount.
template <typename ReadQuota>
void Tighten(const CgroupPlace& place, ReadQuota&& read, std::optional<double>& tightest) {
  if (!place.mounted || place.path.empty()) return;
  std::string path = place.path;
  const std::string& root = place.mounted->root;
  if (root != "/") {
    // A container without a cgroup namespace sees the host's path, and its own group at the mount's
    // top.
    path = path.starts_with(root) ? path.substr(root.size()) : "";
  }
  while (true) {
    while (path.ends_with('/')) path.pop_back();
    if (const std::optional<double> quota = read(place.mounted->point + path)) {
      tightest = tightest ? std::min(*tightest, *quota) : *quota;
    }
    if (path.empty()) return;
    const std::size_t slash = path.rfind('/');
    path.resize(slash == std::string::npos ? 0 : slash);
  }
}

}  // namespace

std::optional<double> CgroupCpuQuota(const std::string& proc_self) {
  CgroupPlaces places;
  ReadMembership(proc_self + "/cgroup", places);
  ReadMounts(proc_self + "/mountinfo", places);
  std::optional<double> tightest;
  Tighten(places.v2, QuotaV2, tightest);
  Tighten(places.v1, QuotaV1, tightest);
  return tightest;
}

}  // namespace turbo::engine
