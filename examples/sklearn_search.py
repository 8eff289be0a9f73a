"""LeNet-5 inside scikit-learn's tools: cross-validated search for a learning rate (`pip install 'lenet[sklearn]'`)."""

from __future__ import annotations

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from lenet.sklearn import LeNetClassifier


def main() -> None:
    pixels, labels = load_digits(return_X_y=True)  # 1,797 digits, each a row of 64 numbers
    training, test, training_labels, test_labels = train_test_split(pixels, labels, random_state=0)
    search = GridSearchCV(LeNetClassifier(epochs=8, random_state=0), {"learning_rate": [0.003, 0.03, 0.1]}, cv=3)
    search.fit(training, training_labels)
    print(f"best rate {search.best_params_['learning_rate']}: {search.best_score_:.1%} right in cross-validation")
    print(f"{search.score(test, test_labels):.1%} of {len(test)} digits kept aside are right")


if __name__ == "__main__":
    main()
