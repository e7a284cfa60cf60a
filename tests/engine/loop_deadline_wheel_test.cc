#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "engine/loop/deadline_wheel.h"

namespace turbo::engine {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = DeadlineWheel::TimePoint;

struct Item : DeadlineWheel::Entry {
  TimePoint due = TimePoint::max();
};

/// A wheel, a clock that the test holds, and a record of what was visited.
struct Held {
  TimePoint now{hours(1000)};
  DeadlineWheel wheel{now};
  std::vector<DeadlineWheel::Entry*> visited;

  void Pass(milliseconds time) {
    now += time;
    wheel.Advance(now, [this](DeadlineWheel::Entry& entry) { visited.push_back(&entry); });
  }
};

TEST_CASE("DeadlineWheel visits an entry within one tick after its deadline, never before",
          "[loop]") {
  Held held;
  Item item;
  held.wheel.File(item, held.now + milliseconds(950));
  for (int i = 0; i < 95; ++i) {
    held.Pass(milliseconds(10));
    REQUIRE(held.visited.empty());
  }
  held.Pass(DeadlineWheel::kTick);
  CHECK(held.visited == std::vector<DeadlineWheel::Entry*>{&item});
  CHECK(item.filed_for() == TimePoint::max());
  held.Pass(hours(1));
  CHECK(held.visited.size() == 1);
}

TEST_CASE("DeadlineWheel is exact to the tick for every deadline within its horizon", "[loop]") {
  Held held;
  std::vector<std::unique_ptr<Item>> items;
  for (int i = 1; i < 1000; ++i) {
    items.push_back(std::make_unique<Item>());
    items.back()->due = held.now + milliseconds(i * 97);
    held.wheel.File(*items.back(), items.back()->due);
  }
  std::size_t seen = 0;
  while (seen < items.size()) {
    const TimePoint before = held.now;
    held.visited.clear();
    held.Pass(milliseconds(50));
    for (DeadlineWheel::Entry* entry : held.visited) {
      const TimePoint due = static_cast<Item*>(entry)->due;
      REQUIRE(held.now >= due);
      REQUIRE(before < due + DeadlineWheel::kTick);
      ++seen;
    }
    REQUIRE(held.now < TimePoint(hours(1001)));
  }
}

TEST_CASE("DeadlineWheel files a moved entry again and forgets a removed one", "[loop]") {
  Held held;
  Item moved;
  Item removed;
  held.wheel.File(moved, held.now + seconds(1));
  held.wheel.File(moved, held.now + seconds(5));
  held.wheel.File(removed, held.now + seconds(1));
  held.wheel.Remove(removed);
  held.wheel.Remove(removed);
  held.Pass(seconds(4));
  CHECK(held.visited.empty());
  held.Pass(seconds(2));
  CHECK(held.visited == std::vector<DeadlineWheel::Entry*>{&moved});
}

TEST_CASE("DeadlineWheel::FileNoLater moves a deadline only towards now", "[loop]") {
  Held held;
  Item item;
  held.wheel.FileNoLater(item, held.now + seconds(10));
  held.wheel.FileNoLater(item, held.now + seconds(60));
  CHECK(item.filed_for() == held.now + seconds(10));
  held.wheel.FileNoLater(item, held.now + seconds(2));
  CHECK(item.filed_for() == held.now + seconds(2));
  held.Pass(milliseconds(2100));
  CHECK(held.visited.size() == 1);
}

TEST_CASE("DeadlineWheel holds no entry whose deadline is never", "[loop]") {
  Held held;
  Item item;
  held.wheel.File(item, held.now + seconds(1));
  held.wheel.File(item, TimePoint::max());
  held.Pass(hours(10));
  CHECK(held.visited.empty());
}

TEST_CASE("DeadlineWheel visits a deadline beyond its horizon early enough to be filed again",
          "[loop]") {
  Held held;
  Item item;
  item.due = held.now + hours(1);
  held.wheel.File(item, item.due);
  int visits = 0;
  bool fired = false;
  while (!fired) {
    held.now += seconds(30);
    held.wheel.Advance(held.now, [&](DeadlineWheel::Entry& entry) {
      ++visits;
      if (held.now >= item.due) {
        fired = true;
      } else {
        held.wheel.File(entry, item.due);
      }
    });
    REQUIRE(held.now <= item.due + seconds(30));
  }
  CHECK(visits > 1);
  CHECK(visits < 60);
}

TEST_CASE("DeadlineWheel files a deadline that has passed for the next tick", "[loop]") {
  Held held;
  Item item;
  held.Pass(seconds(5));
  held.wheel.File(item, held.now - seconds(3));
  held.Pass(DeadlineWheel::kTick);
  CHECK(held.visited.size() == 1);
}

TEST_CASE("DeadlineWheel visits everything once after a pause of any length", "[loop]") {
  Held held;
  Item items[3];
  held.wheel.File(items[0], held.now + seconds(1));
  held.wheel.File(items[1], held.now + seconds(50));
  held.wheel.File(items[2], held.now + hours(2));
  held.Pass(hours(24));
  CHECK(held.visited.size() == 3);
}

TEST_CASE("DeadlineWheel lets a visit remove and file other entries", "[loop]") {
  Held held;
  Item first;
  Item second;
  Item third;
  for (Item* item : {&first, &second, &third}) held.wheel.File(*item, held.now + seconds(1));
  int visits = 0;
  held.now += seconds(2);
  held.wheel.Advance(held.now, [&](DeadlineWheel::Entry& entry) {
    ++visits;
    if (&entry != &first) return;
    held.wheel.Remove(second);
    held.wheel.File(third, held.now + seconds(10));
    held.wheel.File(first, held.now);  // due at once: the next tick's, not this sweep's
  });
  CHECK(visits == 1);
  held.Pass(DeadlineWheel::kTick);
  CHECK(held.visited == std::vector<DeadlineWheel::Entry*>{&first});
  held.Pass(seconds(10));
  CHECK(held.visited.size() == 2);
}

}  // namespace
}  // namespace turbo::engine
