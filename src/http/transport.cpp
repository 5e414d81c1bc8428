#include "slipway/http/transport.h"

#include "slipway/base/text.h"

namespace slipway::http {
namespace {

class Collector final : public ResponseHandler {
 public:
  explicit Collector(std::size_t limit) : limit_(limit) {}
  Status begin(const Response&) override {
    body_.clear();
    return {};
  }
  bool can_begin_again() const override { return true; }
  Status write(io::Bytes bytes) override {
    if (body_.size() + bytes.size() > limit_) {
      return fail(Errc::too_large, "the response is more than the limit of {}", human_bytes(limit_));
    }
    body_.append(io::as_text(bytes));
    return {};
  }
  std::string take() { return std::move(body_); }

 private:
  std::size_t limit_;
  std::string body_;
};

}  // namespace

std::optional<std::string> Response::header(std::string_view name) const {
  for (const Header& h : headers) {
    if (h.first == name) return h.second;
  }
  return std::nullopt;
}

std::vector<std::string> Response::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const Header& h : headers) {
    if (h.first == name) values.push_back(h.second);
  }
  return values;
}

Result<TextResponse> perform_text(HttpTransport& transport, const Request& request, std::size_t limit,
                                  std::stop_token stop) {
  Collector collector(limit);
  SLIPWAY_ASSIGN(Response response, transport.perform(request, collector, std::move(stop)));
  return TextResponse{std::move(response), collector.take()};
}

}  // namespace slipway::http
