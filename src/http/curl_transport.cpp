#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "http/curl_api.h"
#include "slipway/base/text.h"
#include "slipway/http/transport.h"
#include "slipway/http/url.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

namespace slipway::http {
namespace {

constexpr std::size_t kMaxHeaders = 256u << 10;

Breakdown breakdown_of(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
      return Breakdown::resolve;
    case CURLE_COULDNT_CONNECT:
      return Breakdown::connect;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return Breakdown::certificate;
    case CURLE_OPERATION_TIMEDOUT:
      return Breakdown::timeout;
    default:
      return Breakdown::other;
  }
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

/// One transfer: the callbacks' side of it.
class Exchange {
 public:
  Exchange(const CurlApi& api, CURL* handle, const Request& request, ResponseHandler& handler, std::stop_token stop)
      : api_(api), handle_(handle), request_(request), handler_(handler), stop_(std::move(stop)) {}

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Exchange*>(self)->header({data, size}) ? size : 0;
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Exchange*>(self)->body({data, size}) ? size : 0;
  }
  static std::size_t on_read(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Exchange*>(self)->upload(data, size);
  }
  static int on_seek(void* self, curl_off_t offset, int origin) {
    auto* exchange = static_cast<Exchange*>(self);
    if (origin != SEEK_SET || offset != 0 || exchange->request_.body == nullptr) return CURL_SEEKFUNC_CANTSEEK;
    return exchange->keep(exchange->request_.body->restart()) ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Exchange*>(self)->stop_.stop_requested() ? 1 : 0;
  }

  /// After the transfer: the response, or the first thing that went wrong.
  Result<Response> result(CURLcode code) {
    if (stop_.stop_requested()) return fail(Errc::cancelled, "interrupted");
    if (error_) return fail(*std::move(error_));
    if (code != CURLE_OK) {
      handler_.broke(breakdown_of(code));
      return fail(network_error(code));
    }
    SLIPWAY_TRY(begin());
    return std::move(response_);
  }

 private:
  bool keep(Status status) {
    if (status) return true;
    if (!error_) error_ = std::move(status).error();
    return false;
  }

  bool header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaders) {
      return keep(fail(Errc::too_large, "the response's headers are more than {}", human_bytes(kMaxHeaders)));
    }
    line = trim(line);
    if (line.rfind("HTTP/", 0) == 0) {
      response_.headers.clear();  // a 1xx came before
      return true;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    response_.headers.emplace_back(to_lower(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
    return true;
  }

  /// Tells the handler the status, once.
  Status begin() {
    if (begun_) return {};
    begun_ = true;
    long status = 0;
    api_.easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    response_.url = request_.url;
    return handler_.begin(response_);
  }

  bool body(std::string_view bytes) { return keep(begin()) && keep(handler_.write(io::as_bytes(bytes))); }

  std::size_t upload(char* data, std::size_t size) {
    const auto n = request_.body->read(std::as_writable_bytes(std::span(data, size)));
    if (n) return *n;
    error_ = n.error();
    return CURL_READFUNC_ABORT;
  }

  Error network_error(CURLcode code) const {
    const auto url = Url::parse(request_.url);
    const std::string host = url ? url->host + ":" + std::to_string(url->port) : "the server";
    Error error(Errc::network, fmt::format("cannot talk to {}: {}", host, printable(api_.easy_strerror(code), 300)));
    switch (code) {
      case CURLE_COULDNT_RESOLVE_HOST:
        error.hint = "check the host's name and this machine's DNS";
        break;
      case CURLE_COULDNT_CONNECT:
        error.hint = "check that the registry runs there and that no firewall is between";
        break;
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        error.hint = "check this machine's clock; trust a private CA with --ca-file FILE";
        break;
      case CURLE_SSL_CONNECT_ERROR:
        error.hint = "is it a TLS port? --plain-http talks without TLS";
        break;
      case CURLE_OPERATION_TIMEDOUT:
        error.hint = "raise --timeout if the network is slow";
        break;
      default:
        break;
    }
    return error;
  }

  const CurlApi& api_;
  CURL* handle_;
  const Request& request_;
  ResponseHandler& handler_;
  std::stop_token stop_;
  Response response_;
  std::optional<Error> error_;
  std::size_t header_bytes_ = 0;
  bool begun_ = false;
};

/// A list of header lines in libcurl's form.
class HeaderList {
 public:
  explicit HeaderList(const CurlApi& api) : api_(api) {}
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { api_.slist_free_all(list_); }
  void add(const std::string& line) { list_ = api_.slist_append(list_, line.c_str()); }
  curl_slist* get() const { return list_; }

 private:
  const CurlApi& api_;
  curl_slist* list_ = nullptr;
};

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(TransportOptions options) : options_(std::move(options)) {}
  ~CurlTransport() override {
    for (CURL* handle : idle_)
      (*CurlApi::get())->easy_cleanup(handle);
  }

  Result<Response> perform(const Request& request, ResponseHandler& handler, std::stop_token stop) override {
    SLIPWAY_TRY(check(request));
    SLIPWAY_ASSIGN(const CurlApi* api, CurlApi::get());
    SLIPWAY_ASSIGN(CURL * handle, take(*api));
    Exchange exchange(*api, handle, request, handler, std::move(stop));
    HeaderList headers(*api);
    prepare(*api, handle, request, exchange, headers);
    const CURLcode code = api->easy_perform(handle);
    auto result = exchange.result(code);
    give_back(*api, handle);
    return result;
  }

 private:
  static Status check(const Request& request) {
    SLIPWAY_TRY(Url::parse(request.url));
    for (const auto& [name, value] : request.headers) {
      if (has_control(name) || has_control(value))
        return fail(Errc::invalid_argument, "a header holds control characters");
    }
    if (has_control(request.authorization.reveal())) {
      return fail(Errc::invalid_argument, "the credentials hold control characters");
    }
    return {};
  }

  void prepare(const CurlApi& api, CURL* h, const Request& request, Exchange& exchange, HeaderList& headers) const {
    const auto set = [&](CURLoption option, auto value) { api.easy_setopt(h, option, value); };
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_BUFFERSIZE, static_cast<long>(io::kBlock));
    set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(io::kBlock));
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, std::max<long>(1, static_cast<long>(options_.idle_timeout.count() / 1000)));
    set_tls(api, h);
    set(CURLOPT_HEADERFUNCTION, &Exchange::on_header);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_WRITEFUNCTION, &Exchange::on_body);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress);
    set(CURLOPT_XFERINFODATA, &exchange);
    set_method(api, h, request, exchange);
    for (const auto& [name, value] : request.headers)
      headers.add(name + ": " + value);
    if (!request.authorization.empty()) headers.add("Authorization: " + request.authorization.reveal());
    headers.add("Expect:");
    const bool typed = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const Header& header) { return to_lower(header.first) == "content-type"; });
    if (!typed) headers.add("Content-Type:");  // libcurl would say that it is a form
    set(CURLOPT_HTTPHEADER, headers.get());
  }

  void set_tls(const CurlApi& api, CURL* h) const {
    api.easy_setopt(h, CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
    api.easy_setopt(h, CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
    // libcurl does not read these variables itself, everybody else's tools do.
    const char* file = options_.ca_file.empty() ? std::getenv("SSL_CERT_FILE") : options_.ca_file.c_str();
    const char* path = options_.ca_path.empty() ? std::getenv("SSL_CERT_DIR") : options_.ca_path.c_str();
    if (file != nullptr && *file != '\0') api.easy_setopt(h, CURLOPT_CAINFO, file);
    if (path != nullptr && *path != '\0') api.easy_setopt(h, CURLOPT_CAPATH, path);
  }

  static void set_method(const CurlApi& api, CURL* h, const Request& request, Exchange& exchange) {
    const auto set = [&](CURLoption option, auto value) { api.easy_setopt(h, option, value); };
    if (request.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else if (request.body != nullptr && request.body_size > 0) {
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
      set(CURLOPT_READFUNCTION, &Exchange::on_read);
      set(CURLOPT_READDATA, &exchange);
      set(CURLOPT_SEEKFUNCTION, &Exchange::on_seek);
      set(CURLOPT_SEEKDATA, &exchange);
    } else if (request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
      // No body still needs Content-Length: 0.
      set(CURLOPT_POSTFIELDS, "");
      set(CURLOPT_POSTFIELDSIZE, 0L);
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    } else if (request.method != "GET") {
      set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
  }

  /// A handle keeps its connections between requests.
  Result<CURL*> take(const CurlApi& api) {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      CURL* handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
    CURL* handle = api.easy_init();
    if (handle == nullptr) return fail(Errc::failed, "libcurl gives no handle");
    return handle;
  }

  void give_back(const CurlApi& api, CURL* handle) {
    api.easy_reset(handle);
    const std::scoped_lock lock(mutex_);
    idle_.push_back(handle);
  }

  TransportOptions options_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

std::unique_ptr<HttpTransport> curl_transport(TransportOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace slipway::http
