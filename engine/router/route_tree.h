// The router's tree. It is a radix tree whose digits are whole path segments: a step costs one
// probe of a hash table over (node, segment), however many children the node has, and the depth is
// the number of segments in the path, however many routes there are. (A tree over single bytes is
// deeper the more routes share a prefix.) Add is for one thread, before any Find; Find is const and
// may run on any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/router/pattern.h"
#include "engine/router/router.h"

namespace turbo::engine {

class RouteTree {
 public:
  RouteTree();

  /// Adds all of `methods` or, on a conflict, none.
  Result<void> Add(MethodSet methods, std::string_view pattern, RouteId route);

  /// Looks for a route of `method` in precedence order. Found: true, with result's route, count and
  /// values set. Else the methods of every route that the path matches are added to result.allowed,
  /// which stays empty if there is none. `path` begins with '/' and is decoded, with kEncodedSlash
  /// for an encoded '/'.
  bool Find(Method method, std::string_view path, MatchResult& result) const;

  /// Methods of all routes together.
  [[nodiscard]] MethodSet all_methods() const { return all_methods_; }
  [[nodiscard]] bool empty() const { return all_methods_.empty(); }

 private:
  using NodeId = std::uint32_t;
  static constexpr NodeId kNone = 0;  // the root is nobody's child
  static constexpr std::size_t kKinds = 5;

  /// The routes that end at one node, one element a method, ordered by method.
  struct Endpoint {
    struct Entry {
      Method method;
      RouteId route;
      std::string pattern;
    };
    std::vector<Entry> entries;
  };

  /// How much static text stands around a parameter. The node's affix children are found by probing
  /// each shape.
  struct Shape {
    std::size_t prefix;
    std::size_t suffix;
  };

  /// Children of a node other than its static ones.
  struct Params {
    std::array<NodeId, kKinds> child{};  ///< by PathKind
    std::vector<Shape> shapes;           ///< most static text first
  };

  struct Node {
    std::string text;  ///< the segment; for an affix child "prefix/suffix", which no segment can be
    NodeId parent = kNone;
    std::uint32_t params = 0;    ///< index into params_; 0 is none
    std::uint32_t endpoint = 0;  ///< index into endpoints_; 0 is none
    RouteId get_route = kNoRoute;
    std::uint64_t methods = 0;  ///< those that are answered here: HEAD too where GET is
    bool has_static = false;
  };

  struct Slot {
    std::uint32_t fingerprint = 0;
    NodeId node = kNone;
  };

  struct Search;

  [[nodiscard]] NodeId FindChild(NodeId parent, std::string_view text) const;
  NodeId AddChild(NodeId parent, std::string_view text);
  Params& ParamsOf(NodeId node);
  NodeId Descend(NodeId node, const PatternSegment& segment);
  void InsertSlot(NodeId node);
  void GrowSlots();

  bool Walk(Search& search, NodeId id, std::size_t begin, std::size_t depth) const;
  bool Step(Search& search, NodeId child, std::size_t end, std::size_t depth) const;
  bool TryParams(Search& search, const Params& params, std::string_view text, std::size_t end,
                 std::size_t depth) const;
  bool TryAffixes(Search& search, NodeId id, const Params& params, std::string_view segment,
                  std::size_t end, std::size_t depth) const;
  bool Finish(Search& search, NodeId id, std::size_t depth) const;

  std::vector<Node> nodes_;
  std::vector<Params> params_;
  std::vector<Endpoint> endpoints_;
  std::vector<Slot> slots_;  ///< open addressing, linear probing, at most half full; a power of two
  MethodSet all_methods_;
};

}  // namespace turbo::engine
