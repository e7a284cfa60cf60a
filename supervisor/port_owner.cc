#include "supervisor/port_owner.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string_view>
#include <vector>

namespace turbo::supervisor {
namespace {

using Ip = std::array<std::uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d

struct LocalEnd {
  Ip ip{};
  std::uint16_t port = 0;
};

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

Ip FromV4(const void* four_bytes) {
  Ip ip{};
  ip[10] = ip[11] = 0xFF;
  std::memcpy(ip.data() + 12, four_bytes, 4);
  return ip;
}

bool IsV4(const Ip& ip) {
  constexpr Ip kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return std::equal(ip.begin(), ip.begin() + 12, kPrefix.begin());
}

bool IsWildcard(const Ip& ip) {
  const auto from = ip.begin() + (IsV4(ip) ? 12 : 0);
  return std::all_of(from, ip.end(), [](std::uint8_t byte) { return byte == 0; });
}

// `::` may take IPv4 as well, so for a guess at the culprit it overlaps with everything.
bool Overlap(const Ip& a, const Ip& b) { return a == b || IsWildcard(a) || IsWildcard(b); }

LocalEnd EndOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return {FromV4(&v4.sin_addr), ntohs(v4.sin_port)};
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  LocalEnd end;
  std::memcpy(end.ip.data(), &v6.sin6_addr, end.ip.size());
  end.port = ntohs(v6.sin6_port);
  return end;
}

template <typename T>
bool ParseHex(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// `0100007F:1F40`, each group of eight digits a 32-bit word in this machine's byte order.
std::optional<LocalEnd> ParseEnd(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  LocalEnd end;
  std::array<std::uint32_t, 4> words{};
  for (std::size_t i = 0; i * 8 < colon; ++i) {
    if (!ParseHex(text.substr(i * 8, 8), words[i])) return std::nullopt;
  }
  if (colon == 8) {
    end.ip = FromV4(words.data());
  } else {
    std::memcpy(end.ip.data(), words.data(), end.ip.size());
  }
  if (!ParseHex(text.substr(colon + 1), end.port)) return std::nullopt;
  return end;
}

void CollectInodes(const char* file, const LocalEnd& wanted, std::set<std::string>& listening,
                   std::set<std::string>& others) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);  // headings
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    std::array<std::string, 10>
        word;  // sl local remote state queues timer retransmits uid timeout inode
    for (std::string& each : word) words >> each;
    const std::optional<LocalEnd> local = ParseEnd(word[1]);
    if (!local || local->port != wanted.port || !Overlap(local->ip, wanted.ip)) continue;
    const std::string& inode = word[9];
    if (inode.empty() || inode == "0") continue;
    (word[3] == "0A" ? listening : others).insert("socket:[" + inode + "]");
  }
}

std::vector<pid_t> AllPids() {
  std::vector<pid_t> pids;
  const Dir dir(::opendir("/proc"));
  while (dir) {
    const dirent* const entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

bool HasDescriptor(pid_t pid, const std::set<std::string>& wanted) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  const Dir dir(::opendir(folder.c_str()));
  while (dir) {
    const dirent* const entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    std::array<char, 64> target{};
    const ssize_t length =
        ::readlink((folder + "/" + entry->d_name).c_str(), target.data(), target.size());
    if (length > 0 &&
        wanted.contains(std::string(target.data(), static_cast<std::size_t>(length)))) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<ProcessName> NameProcess(pid_t pid) {
  std::ifstream stream("/proc/" + std::to_string(pid) + "/comm");
  ProcessName process{pid, {}};
  if (!std::getline(stream, process.name)) return std::nullopt;
  return process;
}

std::optional<ProcessName> FindPortOwner(const sockaddr_storage& address) {
  const LocalEnd wanted = EndOf(address);
  std::set<std::string> listening;
  std::set<std::string> others;
  CollectInodes("/proc/net/tcp", wanted, listening, others);
  CollectInodes("/proc/net/tcp6", wanted, listening, others);
  const std::set<std::string>& inodes = listening.empty() ? others : listening;
  if (inodes.empty()) return std::nullopt;
  // In order of pids: of a server and the workers that it forked, the server is to be named.
  for (const pid_t pid : AllPids()) {
    if (HasDescriptor(pid, inodes)) return NameProcess(pid);
  }
  return std::nullopt;
}

}  // namespace turbo::supervisor
