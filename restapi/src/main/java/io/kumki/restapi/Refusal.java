package io.kumki.restapi;

/** Ends the handling of a request with an answer: the caller asked for what can't be. */
final class Refusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient Answer answer;

    Refusal(Answer answer) {
        super("answered with status " + answer.status(), null, false, false);
        this.answer = answer;
    }

    static Refusal text(int status, String text) {
        return new Refusal(Answer.text(status, text));
    }

    static Refusal page(int status, String explanation) {
        return new Refusal(Answer.page(status, explanation));
    }

    Answer answer() {
        return answer;
    }
}
