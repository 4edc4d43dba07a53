"""SourceConfiguration blocks for tests."""

from __future__ import annotations

from typing import Any

CODE: dict[str, Any] = {
    "CodeRepository": {
        "RepositoryUrl": "https://github.com/example/app",
        "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"},
        "CodeConfiguration": {
            "ConfigurationSource": "API",
            "CodeConfigurationValues": {"Runtime": "PYTHON_311", "StartCommand": "python app.py"},
        },
    }
}
ECR_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:latest"
ECR: dict[str, Any] = {
    "ImageRepository": {"ImageIdentifier": ECR_IMAGE, "ImageRepositoryType": "ECR"},
    "AuthenticationConfiguration": {"AccessRoleArn": "arn:aws:iam::123456789012:role/access"},
}
