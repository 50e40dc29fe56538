"""Refusals and failures as HTTP: one table of statuses, one page, one JSON shape."""

import structlog
from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from kernel.refusals import Refused
from web.wiring import wiring

log = structlog.get_logger(__name__)

# A refusal that is not listed is the business saying "not now": 409.
STATUSES = {
    "not_found": 404,
    "invalid": 422,
    "file_refused": 422,
    "rule_invalid": 422,
    "menu_malformed": 422,
    "menu_refused": 422,
    "consent_missing": 422,
    "code_wrong": 422,
    "code_expired": 422,
    "phone_not_proven": 422,
    "redeem_code_not_valid": 422,
    "not_registered": 403,
    "member_blocked": 403,
    "not_staff": 403,
    "not_allowed": 403,
    "own_work": 403,
    "own_coupon": 403,
    "coupon_wrong_channel": 403,
    "tier_too_low": 403,
    "coupon_tag_missing": 403,
    "coupon_phrase_wrong": 422,
    "undo_other_branch": 403,
    "sign_in_refused": 401,
    "second_factor_refused": 401,
    "password_wrong": 422,
    "login_locked": 429,
    "invitation_over": 404,
    "own_account": 403,
    "signed_out": 401,
    "too_many_codes": 429,
    "too_many_reveals": 429,
    "no_more_codes_today": 429,
}
_PAGES = {
    400: "请求有误，请返回重试",
    403: "没有权限查看此页面",
    404: "页面不存在或已下线",
    405: "请从页面上的按钮操作",
    413: "提交的内容过大",
    429: "操作太频繁，请稍后再试",
}


def register_errors(app: Flask) -> None:
    """Answer refusals, HTTP errors and the unforeseen in Chinese, never with a stack."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)


def _refused(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, Refused)
    return _answer(STATUSES.get(error.code, 409), error.code, wiring().texts.refuse(error))


def _csrf(_error: Exception) -> ResponseReturnValue:
    return _answer(400, "csrf", "页面已过期，请刷新后重试")


def _http(error: Exception) -> ResponseReturnValue:
    assert isinstance(error, HTTPException)
    status = error.code or 500
    if 300 <= status < 400:
        return error.get_response()
    return _answer(status, error.name.lower().replace(" ", "_"), _PAGES.get(status, "请求未成功"))


def _unforeseen(error: Exception) -> ResponseReturnValue:
    log.error("request_failed", path=request.path, exc_info=error)
    return _answer(500, "internal", "系统繁忙，请稍后再试")


def _answer(status: int, code: str, message: str) -> ResponseReturnValue:
    if request.path.startswith("/console"):
        return render_template("console/error.html", status=status, message=message), status
    if request.path.startswith("/site") and wants_page():
        return render_template("site/error.html", status=status, message=message), status
    return jsonify(code=code, message=message), status


def wants_page() -> bool:
    """Whether a person's browser asks, rather than a script."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
