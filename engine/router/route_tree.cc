#include "engine/router/route_tree.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <utility>

#include "engine/router/path_value.h"

namespace turbo::engine {
namespace {

constexpr std::size_t kFirstSlots = 64;

template <typename Word>
std::uint64_t Load(const char* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof word);
  return word;
}

__extension__ using Wide = unsigned __int128;

/// Both halves of the product, so that the last bytes of a text reach the low bits too.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t word) {
  const Wide product = Wide{hash ^ word} * 0x9E3779B97F4A7C15U;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Not keyed: the table holds the application's routes alone, so that a client cannot fill it with
/// collisions.
std::uint64_t Hash(std::uint32_t parent, std::string_view text) {
  const char* const data = text.data();
  const std::size_t size = text.size();
  std::uint64_t hash = (std::uint64_t{parent} << 32) + size;
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) hash = Mix(hash, Load<std::uint64_t>(data + i));
    return Mix(hash, Load<std::uint64_t>(data + size - 8));
  }
  if (size >= 4)
    return Mix(hash, Load<std::uint32_t>(data) << 32 | Load<std::uint32_t>(data + size - 4));
  if (size == 0) return Mix(hash, 0);
  return Mix(hash, Load<std::uint8_t>(data) << 16 | Load<std::uint8_t>(data + size / 2) << 8 |
                       Load<std::uint8_t>(data + size - 1));
}

/// Parameters are tried in this order. An integer is a float too, so that it comes first.
constexpr std::array kTypedFirst = {PathKind::kInt, PathKind::kUuid, PathKind::kFloat,
                                    PathKind::kString};

std::size_t SegmentEnd(std::string_view path, std::size_t begin) {
  // Segments are short: for the first bytes a loop costs less than a call.
  const std::size_t near = std::min(path.size(), begin + 16);
  for (std::size_t i = begin; i < near; ++i) {
    if (path[i] == '/') return i;
  }
  return std::min(path.find('/', near), path.size());
}

constexpr std::uint64_t Bit(Method method) {
  return std::uint64_t{1} << static_cast<unsigned>(method);
}

}  // namespace

struct RouteTree::Search {
  Method method;
  std::string_view path;
  MatchResult& result;
};

// Index 0 of params_ and endpoints_ stands for "none".
RouteTree::RouteTree() : nodes_(1), params_(1), endpoints_(1), slots_(kFirstSlots) {}

Result<void> RouteTree::Add(MethodSet methods, std::string_view pattern, RouteId route) {
  Result<std::vector<PatternSegment>> segments = ParseSegments(pattern);
  if (!segments) return std::unexpected(std::move(segments.error()));
  if (methods.empty()) {
    return Fail(ExitCode::kLoadFailed,
                "The route \"" + std::string(pattern) + "\" has no method; name one at least.");
  }
  NodeId node = 0;
  for (const PatternSegment& segment : *segments) node = Descend(node, segment);

  if (nodes_[node].endpoint == 0) {
    nodes_[node].endpoint = static_cast<std::uint32_t>(endpoints_.size());
    endpoints_.emplace_back();
  }
  std::vector<Endpoint::Entry>& entries = endpoints_[nodes_[node].endpoint].entries;
  for (const Endpoint::Entry& entry : entries) {
    if (!methods.Contains(entry.method)) continue;
    return Fail(ExitCode::kLoadFailed,
                std::string(MethodName(entry.method)) + " \"" + std::string(pattern) +
                    "\" matches the same paths as the route \"" + entry.pattern +
                    "\" added before it; change or remove one of them.");
  }
  for (std::uint64_t rest = methods.bits(); rest != 0; rest &= rest - 1) {
    entries.push_back({static_cast<Method>(std::countr_zero(rest)), route, std::string(pattern)});
  }
  std::ranges::sort(entries, {}, &Endpoint::Entry::method);
  if (methods.Contains(Method::kGet)) {
    nodes_[node].get_route = route;
    methods.Add(Method::kHead);
  }
  nodes_[node].methods |= methods.bits();
  all_methods_.Add(methods);
  return {};
}

RouteTree::NodeId RouteTree::Descend(NodeId node, const PatternSegment& segment) {
  if (!segment.is_param) {
    nodes_[node].has_static = true;
    const NodeId child = FindChild(node, segment.prefix);
    return child != kNone ? child : AddChild(node, segment.prefix);
  }
  if (!segment.prefix.empty() || !segment.suffix.empty()) {
    const std::string key = segment.prefix + '/' + segment.suffix;
    NodeId affix = FindChild(node, key);
    if (affix == kNone) {
      affix = AddChild(node, key);
      std::vector<Shape>& shapes = ParamsOf(node).shapes;
      const Shape shape{segment.prefix.size(), segment.suffix.size()};
      const bool known = std::ranges::any_of(shapes, [&](const Shape& s) {
        return s.prefix == shape.prefix && s.suffix == shape.suffix;
      });
      if (!known) shapes.push_back(shape);
      std::ranges::sort(shapes, std::greater<>(),
                        [](const Shape& s) { return std::pair(s.prefix + s.suffix, s.prefix); });
    }
    node = affix;
  }
  const auto kind = static_cast<std::size_t>(segment.kind);
  if (const NodeId child = ParamsOf(node).child[kind]; child != kNone) return child;
  nodes_.push_back({.text = {}, .parent = node});
  const auto child = static_cast<NodeId>(nodes_.size() - 1);
  ParamsOf(node).child[kind] = child;
  return child;
}

RouteTree::Params& RouteTree::ParamsOf(NodeId node) {
  if (nodes_[node].params == 0) {
    nodes_[node].params = static_cast<std::uint32_t>(params_.size());
    params_.emplace_back();
  }
  return params_[nodes_[node].params];
}

RouteTree::NodeId RouteTree::FindChild(NodeId parent, std::string_view text) const {
  const std::uint64_t hash = Hash(parent, text);
  const auto fingerprint = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].node != kNone; i = (i + 1) & mask) {
    if (slots_[i].fingerprint != fingerprint) continue;
    const Node& node = nodes_[slots_[i].node];
    if (node.parent == parent && node.text == text) return slots_[i].node;
  }
  return kNone;
}

RouteTree::NodeId RouteTree::AddChild(NodeId parent, std::string_view text) {
  nodes_.push_back({.text = std::string(text), .parent = parent});
  if (2 * nodes_.size() > slots_.size()) GrowSlots();
  const auto child = static_cast<NodeId>(nodes_.size() - 1);
  InsertSlot(child);
  return child;
}

void RouteTree::InsertSlot(NodeId node) {
  const std::uint64_t hash = Hash(nodes_[node].parent, nodes_[node].text);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].node != kNone) i = (i + 1) & mask;
  slots_[i] = {static_cast<std::uint32_t>(hash >> 32), node};
}

void RouteTree::GrowSlots() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
  for (const Slot& slot : old) {
    if (slot.node != kNone) InsertSlot(slot.node);
  }
}

bool RouteTree::Find(Method method, std::string_view path, MatchResult& result) const {
  Search search{method, path, result};
  return Walk(search, 0, 1, 0);
}

// A node stands at one depth, and a segment is always taken whole, so that a search comes to a node
// at most once: backtracking is bounded by the nodes that match, not by the ways to reach them.
bool RouteTree::Walk(Search& search, NodeId id, std::size_t begin, std::size_t depth) const {
  const Node& node = nodes_[id];
  const std::size_t end = SegmentEnd(search.path, begin);
  const std::string_view segment = search.path.substr(begin, end - begin);
  if (node.has_static) {
    const NodeId child = FindChild(id, segment);
    if (child != kNone && Step(search, child, end, depth)) return true;
  }
  if (node.params == 0) return false;
  const Params& params = params_[node.params];
  if (!params.shapes.empty() && TryAffixes(search, id, params, segment, end, depth)) return true;
  if (TryParams(search, params, segment, end, depth)) return true;

  const NodeId rest = params.child[static_cast<std::size_t>(PathKind::kPath)];
  if (rest == kNone) return false;
  ConvertPathValue(PathKind::kPath, search.path.substr(begin), search.result.values[depth]);
  return Finish(search, rest, depth + 1);
}

bool RouteTree::Step(Search& search, NodeId child, std::size_t end, std::size_t depth) const {
  return end == search.path.size() ? Finish(search, child, depth)
                                   : Walk(search, child, end + 1, depth);
}

bool RouteTree::TryParams(Search& search, const Params& params, std::string_view text,
                          std::size_t end, std::size_t depth) const {
  for (const PathKind kind : kTypedFirst) {
    const NodeId child = params.child[static_cast<std::size_t>(kind)];
    if (child != kNone && ConvertPathValue(kind, text, search.result.values[depth]) &&
        Step(search, child, end, depth + 1)) {
      return true;
    }
  }
  return false;
}

bool RouteTree::TryAffixes(Search& search, NodeId id, const Params& params,
                           std::string_view segment, std::size_t end, std::size_t depth) const {
  for (const auto& [prefix, suffix] : params.shapes) {
    if (segment.size() <= prefix + suffix) continue;  // a parameter is not empty
    std::array<char, kMaxAffix + 1> key;
    std::memcpy(key.data(), segment.data(), prefix);
    key[prefix] = '/';
    std::memcpy(key.data() + prefix + 1, segment.data() + segment.size() - suffix, suffix);
    const NodeId affix = FindChild(id, {key.data(), prefix + 1 + suffix});
    if (affix == kNone) continue;
    const std::string_view text = segment.substr(prefix, segment.size() - prefix - suffix);
    if (TryParams(search, params_[nodes_[affix].params], text, end, depth)) return true;
  }
  return false;
}

bool RouteTree::Finish(Search& search, NodeId id, std::size_t depth) const {
  const Node& node = nodes_[id];
  search.result.allowed.Add(MethodSet(node.methods));
  if ((node.methods & Bit(search.method)) == 0) return false;
  search.result.count = depth;
  if (search.method == Method::kGet) {
    search.result.route = node.get_route;
    return true;
  }
  for (const Endpoint::Entry& entry : endpoints_[node.endpoint].entries) {
    if (entry.method == search.method) {
      search.result.route = entry.route;
      return true;
    }
  }
  search.result.route = node.get_route;  // HEAD
  return true;
}

}  // namespace turbo::engine
