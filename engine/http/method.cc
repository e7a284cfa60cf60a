#include "engine/http/method.h"

#include <array>

namespace turbo::engine {
namespace {

// In llhttp's order; those of RTSP and ICE, which are no HTTP methods, have no name.
constexpr std::array<std::string_view, 47> kNames = [] {
  std::array<std::string_view, 47> names{
      "DELETE",     "GET",      "HEAD",       "POST",     "PUT",    "CONNECT",   "OPTIONS",
      "TRACE",      "COPY",     "LOCK",       "MKCOL",    "MOVE",   "PROPFIND",  "PROPPATCH",
      "SEARCH",     "UNLOCK",   "BIND",       "REBIND",   "UNBIND", "ACL",       "REPORT",
      "MKACTIVITY", "CHECKOUT", "MERGE",      "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE",
      "PATCH",      "PURGE",    "MKCALENDAR", "LINK",     "UNLINK"};
  names[46] = "QUERY";
  return names;
}();

}  // namespace

std::string_view MethodName(Method method) {
  const auto index = static_cast<std::size_t>(method);
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

std::optional<Method> MethodFromName(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Method>(i);
  }
  return std::nullopt;
}

}  // namespace turbo::engine
