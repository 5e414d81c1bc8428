#include "cli/progress.h"

#include <mutex>

#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

/// One event as it is shown: "copied", what, how large.
class LineProgress : public build::Observer {
 public:
  LineProgress(const Surroundings& surroundings, int verbose) : surroundings_(surroundings), verbose_(verbose) {}
  void skipped(const oci::Descriptor& d) override {
    if (verbose_ > 0) blob("present", d);
  }
  void started(const oci::Descriptor& d) override {
    if (verbose_ > 1) blob("started", d);
  }
  void mounted(const oci::Descriptor& d) override { blob("mounted", d); }
  void copied(const oci::Descriptor& d) override { blob("copied", d); }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    line(fmt::format("same    layer {} for {}: {} {}", name, platform, d.digest.str(), size(d)));
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    line(fmt::format("built   layer {} for {}: {} {}", name, platform, d.digest.str(), size(d)));
  }

 protected:
  virtual void blob(std::string_view what, const oci::Descriptor& d) {
    line(fmt::format("{:<7} {} {}", what, d.digest.str(), size(d)));
  }
  void line(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    surroundings_.write_err(text + "\n");
  }
  static std::string size(const oci::Descriptor& d) { return human_bytes(static_cast<std::uint64_t>(d.size)); }

 private:
  const Surroundings& surroundings_;
  const int verbose_;
  std::mutex mutex_;
};

/// The same events, one JSON object a line.
class JsonProgress final : public LineProgress {
 public:
  using LineProgress::LineProgress;
  void skipped(const oci::Descriptor& d) override { blob("skipped", d); }
  void started(const oci::Descriptor& d) override { blob("started", d); }
  void layer_reused(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("reused", platform, name, d);
  }
  void layer_built(const std::string& platform, const std::string& name, const oci::Descriptor& d) override {
    layer("layer", platform, name, d);
  }

 private:
  void layer(std::string_view what, const std::string& platform, const std::string& name, const oci::Descriptor& d) {
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
};

}  // namespace

std::unique_ptr<build::Observer> make_progress(const Globals& globals, const Surroundings& surroundings) {
  if (globals.progress == "none" || globals.quiet) return std::make_unique<build::Observer>();
  if (globals.progress == "json") return std::make_unique<JsonProgress>(surroundings, globals.verbose);
  return std::make_unique<LineProgress>(surroundings, globals.verbose);
}

}  // namespace slipway::cli
