#pragma once

#include <optional>

#include "registry/wire.h"

namespace slipway::test {

/// A registry that keeps what arrived of an upload, and says how much.
struct UploadServer {
  std::string stored;
  std::size_t cut_put = std::string::npos;    // the first PUT of a whole breaks after so many bytes
  std::size_t cut_patch = std::string::npos;  // the same of the first PATCH
  std::size_t largest = std::string::npos;    // 413 beyond
  int too_large_status = 413;
  bool tells_offset = true;
  bool forgets = false;  // 404 to the first request of a session
  std::size_t lost = 0;  // bytes that were sent but never stored, at a cut

  Wire wire{[this](const http::Request& request) { return answer(request); }};

  Answer answer(const http::Request& request) {
    const auto size = static_cast<std::size_t>(request.body_size);
    if (request.method == "HEAD") return {.status = done_ ? 200 : 404, .headers = {}, .body = {}};
    if (request.method == "POST") {
      stored.clear();
      return located(202);
    }
    if (request.method == "GET") {
      return tells_offset ? located(204) : Answer{.status = 404, .headers = {}, .body = {}};
    }
    if (std::exchange(forgets, false)) {
      return {.status = 404, .headers = {}, .body = R"({"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]})"};
    }
    if (size > largest) return {.status = too_large_status, .headers = {}, .body = "<html>", .takes = 0};
    std::size_t& cut = request.method == "PUT" ? cut_put : cut_patch;
    const std::size_t here = std::exchange(cut, size == 0 ? cut : std::string::npos);
    const bool breaks = size > 0 && here < size;
    const std::size_t kept = breaks ? here - lost : size;
    stored += content.substr(stored.size(), kept);
    sent += breaks ? here : size;
    if (breaks) return {.headers = {}, .body = {}, .breakdown = http::Breakdown::other, .takes = here};
    if (request.method == "PUT") done_ = true;
    return located(request.method == "PUT" ? 201 : 202);
  }
  Answer located(int status) const {
    return {.status = status,
            .headers = {{"location", "/up?state=" + std::to_string(stored.size())},
                        {"range", fmt::format("0-{}", stored.empty() ? 0 : stored.size() - 1)}},
            .body = {}};
  }
  Status push_it() { return push(*wire.open("h.example/a"), make_blob(content)); }

  std::string content = [] {
    std::string text;
    for (int i = 0; text.size() < (3u << 20); ++i)
      text += std::to_string(i) + ",";
    return text;
  }();
  std::size_t sent = 0;  // bytes of bodies

 private:
  bool done_ = false;
};

/// A server and a blob that is worth remembering.
struct LargeUpload : UploadServer {
  LargeUpload() {
    while (content.size() < (9u << 20))
      content += content;
    blob = make_blob(content);
  }
  std::optional<Blob> blob;
};

}  // namespace slipway::test
