#include "pyembed/params/media_type.h"

#include "engine/http/request.h"

namespace turbo::pyembed {

bool IsJsonMediaType(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  while (!type.empty() && (type.front() == ' ' || type.front() == '\t')) type.remove_prefix(1);
  constexpr std::string_view kPrefix = "application/";
  if (!engine::EqualsIgnoreCase(type.substr(0, kPrefix.size()), kPrefix)) return false;
  const std::string_view subtype = type.substr(kPrefix.size());
  constexpr std::string_view kSuffix = "+json";
  if (engine::EqualsIgnoreCase(subtype, "json")) return true;
  return subtype.size() > kSuffix.size() &&
         engine::EqualsIgnoreCase(subtype.substr(subtype.size() - kSuffix.size()), kSuffix);
}

}  // namespace turbo::pyembed
