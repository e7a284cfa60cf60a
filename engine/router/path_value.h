// Typed path parameters: does a text have the shape of a kind, and what value is it? Pure, any
// thread, no allocation.
#pragma once

#include <string_view>

#include "engine/router/router.h"

namespace turbo::engine {

/// Fills `value` from decoded `text`, or returns false if it is not of that kind. kInt: -?[0-9]+,
/// of any size; kFloat:
/// -?[0-9]+(.[0-9]+)? within the range of a double; kUuid: 8-4-4-4-12 hexadecimal digits, either
/// case; kString: not empty; kPath: anything.
bool ConvertPathValue(PathKind kind, std::string_view text, PathValue& value);

}  // namespace turbo::engine
