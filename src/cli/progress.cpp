#include "cli/progress.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "cli/output.h"
#include "cli/text_layout.h"
#include "cli/transfer_bars.h"
#include "slipway/base/text.h"
#include "slipway/base/worker.h"
#include "slipway/builder/work_observer.h"
#include "slipway/oci/media_type.h"

namespace slipway::cli {
namespace {

/// One event as it is shown: "copied", what, how large.
class LineProgress : public builder::BuildObserver {
 public:
  LineProgress(const Surroundings& surroundings, int verbose) : surroundings_(surroundings), verbose_(verbose) {}
  void skipped(const oci::Descriptor& d) override {
    if (verbose_ > 0) blob("present", d);
  }
  void started(const oci::Descriptor& d) override {
    if (verbose_ > 1) blob("started", d);
  }
  void mounted(const oci::Descriptor& d) override { finished("mounted", d); }
  void copied(const oci::Descriptor& d) override { finished("copied", d); }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("cached", platform, name, d);
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("built", platform, name, d);
  }

 protected:
  /// Configs and manifests are small and many: they count with -v.
  void finished(std::string_view what, const oci::Descriptor& d) {
    if (verbose_ > 0 || is_layer(d)) blob(what, d);
  }
  virtual void blob(std::string_view what, const oci::Descriptor& d) {
    line(fmt::format("{:<7} {} {}", what, digest(d), size(d)));
  }
  virtual void layer(std::string_view what, const std::string& platform, const std::string& name,
                     const oci::Descriptor& d) {
    line(fmt::format("{:<7} layer {:<12} {:<12} {} {:>10}", what, name_of(name), printable(platform, 16), digest(d),
                     size(d)));
  }
  /// A layer's name, short enough for a line of 80 columns; whole with -v.
  std::string name_of(const std::string& name) const {
    constexpr std::size_t kRoom = 24;
    const std::string text = printable(name, 240);
    if (verbose_ > 0 || display_width(text) <= kRoom) return text;
    return std::string(first_columns(text, kRoom - 3)).append("...");
  }
  /// Short, so that a line fits a terminal; whole with -v.
  std::string digest(const oci::Descriptor& d) const { return verbose_ > 0 ? d.digest.str() : d.digest.short_hex(); }
  void line(const std::string& text) {
    const std::scoped_lock lock(line_mutex_);
    surroundings_.write_err(safe_text(text) + "\n");
  }
  static std::string size(const oci::Descriptor& d) { return human_bytes(static_cast<std::uint64_t>(d.size)); }

  const Surroundings& surroundings_;
  const int verbose_;

 private:
  std::mutex line_mutex_;
};

/// Bars, drawn ten times a second by a thread of its own: also what stands still has a rate. Finished blobs leave no
/// line; built layers do.
class TerminalProgress final : public LineProgress, public builder::WorkObserver {
 public:
  TerminalProgress(const Surroundings& surroundings, int verbose, LiveArea& area)
      : LineProgress(surroundings, verbose), area_(area) {
    painter_ = Worker([this](const std::stop_token& stop) { paint(stop); });
  }
  TerminalProgress(const TerminalProgress&) = delete;
  TerminalProgress& operator=(const TerminalProgress&) = delete;
  ~TerminalProgress() override {
    painter_.end();
    area_.erase();
  }

  void name_direction(std::string_view direction) {
    change([&] { bars_.name_direction(std::string(direction)); });
  }
  void expected(const oci::Descriptor& d) override {
    change([&] { bars_.expect(d); });
  }
  void skipped(const oci::Descriptor& d) override {
    change([&] { bars_.finish(d); });
    LineProgress::skipped(d);
  }
  void mounted(const oci::Descriptor& d) override {
    change([&] { bars_.finish(d); });
    LineProgress::mounted(d);
  }
  void started(const oci::Descriptor& d) override {
    change([&] { bars_.start(d, now()); });
    LineProgress::started(d);
  }
  void progressed(const oci::Descriptor& d, std::uint64_t at) override {
    change([&] { bars_.move(d, at, now()); });
  }
  void copied(const oci::Descriptor& d) override {
    change([&] { bars_.finish(d); });
    LineProgress::copied(d);
  }
  void layer_started(const std::string& platform, const std::string& name) override {
    change([&] { bars_.begin_work(text_of(platform, name)); });
  }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    change([&] {
      bars_.end_work(text_of(platform, name));
      bars_.name(d, name_of(name));
    });
    LineProgress::layer_reused(platform, name, d);
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    change([&] {
      bars_.end_work(text_of(platform, name));
      bars_.name(d, name_of(name));
    });
    LineProgress::layer_built(platform, name, d);
  }
  void planning_started(const std::string& platform) override {
    change([&] { bars_.begin_work(planning_text(platform)); });
  }
  void planning_finished(const std::string& platform) override {
    change([&] { bars_.end_work(planning_text(platform)); });
  }
  void planning_read(const std::string& platform, std::uint64_t at, std::uint64_t total) override {
    change([&] { bars_.move_work(planning_text(platform), at, total, now()); });
  }
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                  std::uint64_t total) override {
    change([&] { bars_.move_work(text_of(platform, name), at, total, now()); });
  }
  void blob_read(const oci::Descriptor& d, std::uint64_t at) override {
    change([&] { bars_.move_work(text_of(d), at, static_cast<std::uint64_t>(d.size), now()); });
  }
  void blob_finished(const oci::Descriptor& d) override {
    change([&] { bars_.end_work(text_of(d)); });
  }

 private:
  template <class Change>
  void change(Change what) {
    const std::scoped_lock lock(bars_mutex_);
    what();
  }
  void blob(std::string_view what, const oci::Descriptor& d) override {
    if (verbose_ > 0) LineProgress::blob(what, d);
  }
  std::chrono::milliseconds now() const { return surroundings_.clock->monotonic(); }
  static std::string planning_text(const std::string& platform) {
    return fmt::format("listing files and libraries for {}", platform);
  }
  static std::string text_of(const oci::Descriptor& d) { return "reading " + d.digest.short_hex(); }
  static std::string text_of(const std::string& platform, const std::string& name) {
    return fmt::format("building layer {} for {}", printable(name, 60), platform);
  }

  void paint(const std::stop_token& stop) {
    // Waits first: what is done sooner need not flicker.
    while (surroundings_.clock->sleep(kFrame, stop)) {
      const Terminal size = surroundings_.terminal ? surroundings_.terminal() : Terminal();
      area_.draw(lines(size));
    }
  }

  std::vector<std::string> lines(const Terminal& size) {
    const std::scoped_lock lock(bars_mutex_);
    return bars_.lines(size.columns > 0 ? size.columns : 80, size.rows > 0 ? size.rows : 24, now());
  }

  static constexpr std::chrono::milliseconds kFrame{100};
  LiveArea& area_;
  std::mutex bars_mutex_;
  TransferBars bars_;
  Worker painter_;
};

/// The same events, one JSON object a line.
class JsonProgress final : public LineProgress, public builder::WorkObserver {
 public:
  using LineProgress::LineProgress;
  void expected(const oci::Descriptor& d) override { blob("expected", d); }
  void skipped(const oci::Descriptor& d) override { blob("skipped", d); }
  void started(const oci::Descriptor& d) override { blob("started", d); }
  void progressed(const oci::Descriptor& d, std::uint64_t at) override {
    if (!is_due(d.digest.str())) return;
    Json json = event("progress", d);
    json.set("at", static_cast<std::int64_t>(at));
    line(json.compact());
  }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("reused", platform, name, d);
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("layer", platform, name, d);
  }
  void planning_started(const std::string& platform) override {
    line(Json().set("event", "planning").set("platform", platform).compact());
  }
  void planning_finished(const std::string& platform) override {
    line(Json().set("event", "planned").set("platform", platform).compact());
  }
  void planning_read(const std::string& platform, std::uint64_t at, std::uint64_t total) override {
    if (!is_due("planning " + platform)) return;
    Json json;
    json.set("event", "planning").set("platform", platform);
    json.set("at", static_cast<std::int64_t>(at)).set("size", static_cast<std::int64_t>(total));
    line(json.compact());
  }
  void files_read(const std::string& platform, const std::string& name, std::uint64_t at,
                  std::uint64_t total) override {
    if (!is_due(platform + ' ' + name)) return;
    Json json;
    json.set("event", "packing").set("platform", platform).set("name", name);
    json.set("at", static_cast<std::int64_t>(at)).set("size", static_cast<std::int64_t>(total));
    line(json.compact());
  }
  void blob_read(const oci::Descriptor& d, std::uint64_t at) override {
    if (!is_due("reading " + d.digest.str())) return;
    Json json = event("reading", d);
    json.set("at", static_cast<std::int64_t>(at));
    line(json.compact());
  }
  void blob_finished(const oci::Descriptor& d) override { blob("read", d); }

 private:
  /// At most one event a blob in this time; the first waits for it, too.
  static constexpr std::chrono::milliseconds kPause{500};

  bool is_due(const std::string& what) {
    const auto now = surroundings_.clock->monotonic();
    const std::scoped_lock lock(mutex_);
    const auto [at, first] = told_.emplace(what, now);
    if (first || now - at->second < kPause) return false;
    at->second = now;
    return true;
  }

  void layer(std::string_view what, const std::string& platform, const std::string& name,
             const oci::Descriptor& d) override {
    Json json = event(what, d);
    json.set("platform", platform).set("name", name);
    line(json.compact());
  }

  static Json event(std::string_view what, const oci::Descriptor& d) {
    Json json;
    json.set("event", what).set("digest", d.digest.str()).set("mediaType", d.media_type).set("size", d.size);
    return json;
  }
  void blob(std::string_view what, const oci::Descriptor& d) override { line(event(what, d).compact()); }

  std::mutex mutex_;
  std::map<std::string, std::chrono::milliseconds> told_;
};

/// Returns true if standard error is an interactive terminal that supports cursor movement.
bool has_cursor(const Surroundings& surroundings) {
  if (!surroundings.terminal || surroundings.terminal().columns == 0) return false;
  const auto set = [&](const char* name) {
    const auto value = surroundings.env(name);
    return value && !value->empty();
  };
  return !set("CI") && surroundings.env("TERM").value_or("") != "dumb";
}

}  // namespace

bool is_layer(const oci::Descriptor& d) {
  return !oci::is_graph_node(d.media_type) && d.media_type != oci::kConfigType &&
         d.media_type != oci::kDockerConfigType && d.media_type != oci::kEmptyType;
}

std::unique_ptr<builder::BuildObserver> make_progress(const Globals& globals, const Surroundings& surroundings,
                                                      LiveArea& area) {
  if (globals.progress == "none" || globals.quiet) return std::make_unique<builder::BuildObserver>();
  if (globals.progress == "json") return std::make_unique<JsonProgress>(surroundings, globals.verbose);
  if (globals.progress == "tty" || (globals.progress == "auto" && has_cursor(surroundings))) {
    return std::make_unique<TerminalProgress>(surroundings, globals.verbose, area);
  }
  return std::make_unique<LineProgress>(surroundings, globals.verbose);
}

void name_direction(builder::BuildObserver& observer, std::string_view direction) {
  if (auto* bars = dynamic_cast<TerminalProgress*>(&observer)) bars->name_direction(direction);
}

}  // namespace slipway::cli
