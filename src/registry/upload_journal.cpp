#include "slipway/registry/upload_journal.h"

#include <unistd.h>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/http/url.h"
#include "slipway/io/hash.h"

namespace slipway::registry {
namespace {

constexpr std::int64_t kJournalLifetime = 86'400;
constexpr std::size_t kMaxFile = 64u << 10;

/// Tells a process from all others, also from a later one of the same number; empty where it is no more.
std::string mark_of(FileSystem& fs, std::int64_t process) {
  const auto stat = read_file(fs, fmt::format("/proc/{}/stat", process), kMaxFile);
  if (!stat) return {};
  // proc(5): the program's name may have blanks; the start time is the 20th field behind it.
  const auto fields = split(stat->substr(std::min(stat->rfind(')'), stat->size() - 1)), ' ');
  constexpr std::size_t kStartTime = 20;
  return fields.size() > kStartTime ? fmt::format("{}.{}", process, fields[kStartTime]) : std::string();
}

class FileUploadJournal final : public UploadJournal {
 public:
  FileUploadJournal(FileSystem& fs, Clock& clock, stdfs::path folder)
      : fs_(fs), clock_(clock), folder_(std::move(folder)), own_mark_(mark_of(fs, ::getpid())) {}

  std::optional<std::string> recall(const UploadKey& key) override {
    if (!works()) return std::nullopt;
    const auto text = read_file(fs_, file_of(key), kMaxFile);
    const auto json = text ? Json::parse(*text, "an upload") : fail(text.error());
    if (!json || json->object() == nullptr) return std::nullopt;
    const auto member = [&](const char* name) {
      const Json* found = json->find(name);
      return found != nullptr && found->string() != nullptr ? *found->string() : std::string();
    };
    const bool ours = member("schema") == "slipway/v1/upload" && member("host") == key.host &&
                      member("repository") == key.repository && member("digest") == key.digest.str();
    const Json* since = json->find("since");
    if (!ours || since == nullptr || since->integer() == nullptr || is_alive(member("process"))) return std::nullopt;
    const std::int64_t age = clock_.now() - *since->integer();
    const std::string url = member("url");
    if (age < 0 || age > kJournalLifetime || !http::Url::parse(url)) return std::nullopt;
    return url;
  }

  void keep(const UploadKey& key, const std::string& url) override {
    if (!works() || !fs_.make_directories(folder_, 0700)) return;
    Json json;
    json.set("schema", "slipway/v1/upload").set("host", key.host).set("repository", key.repository);
    json.set("digest", key.digest.str()).set("url", url).set("since", clock_.now()).set("process", own_mark_);
    // A location may hold a signature: it is nobody else's.
    const Status kept = write_file_atomically(fs_, file_of(key), json.pretty() + "\n", 0600);
    static_cast<void>(kept);  // the next run sends everything
  }

  void forget(const UploadKey& key) override {
    if (!works()) return;
    const Status gone = fs_.remove(file_of(key));
    static_cast<void>(gone);
  }

 private:
  bool works() const { return !folder_.empty() && !own_mark_.empty(); }

  bool is_alive(const std::string& mark) const {
    std::int64_t process = 0;
    for (const char digit : mark.substr(0, std::min<std::size_t>(mark.find('.'), 10))) {
      if (digit < '0' || digit > '9') return false;
      process = process * 10 + (digit - '0');
    }
    return mark_of(fs_, process) == mark;
  }

  stdfs::path file_of(const UploadKey& key) const {
    const std::string name = fmt::format("{}\n{}\n{}", key.host, key.repository, key.digest.str());
    return folder_ / (io::digest_of(name).short_hex() + ".json");
  }

  FileSystem& fs_;
  Clock& clock_;
  const stdfs::path folder_;
  const std::string own_mark_;
};

}  // namespace

std::unique_ptr<UploadJournal> file_upload_journal(FileSystem& fs, Clock& clock, stdfs::path folder) {
  return std::make_unique<FileUploadJournal>(fs, clock, std::move(folder));
}

}  // namespace slipway::registry
