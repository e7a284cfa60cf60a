#include "engine/http/date_cache.h"

#include <ctime>

namespace turbo::engine {
namespace {

constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

void PutTwoDigits(char* to, int value) {
  to[0] = static_cast<char>('0' + value / 10 % 10);
  to[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

DateCache::DateCache(std::string_view server, WallClock clock) : clock_(clock) {
  block_ = "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
  if (!server.empty()) block_.append("Server: ").append(server).append("\r\n");
  length_ = block_.size();
  if (length_ < kReadable) block_.resize(kReadable);
}

void DateCache::Format(std::chrono::steady_clock::time_point now) {
  using std::chrono::seconds;
  const auto wall = clock_();
  const auto second = std::chrono::floor<seconds>(wall);
  stale_at_ = now + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                        second + seconds(1) - wall);

  const std::time_t time = std::chrono::system_clock::to_time_t(second);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char* text = block_.data() + sizeof("Date: ") - 1;
  kDays.substr(static_cast<std::size_t>(parts.tm_wday) * 3, 3).copy(text, 3);
  PutTwoDigits(text + 5, parts.tm_mday);
  kMonths.substr(static_cast<std::size_t>(parts.tm_mon) * 3, 3).copy(text + 8, 3);
  const int year = parts.tm_year + 1900;
  PutTwoDigits(text + 12, year / 100);
  PutTwoDigits(text + 14, year % 100);
  PutTwoDigits(text + 17, parts.tm_hour);
  PutTwoDigits(text + 20, parts.tm_min);
  PutTwoDigits(text + 23, parts.tm_sec);
}

}  // namespace turbo::engine
